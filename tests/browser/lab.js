// What tests do in JupyterLab's page: its own objects tell what the page does not, such as whether a kernel is there.
"use strict";

window.lab = {
    panel: path => [...window.jupyterapp.shell.widgets("main")].find(it => it.context?.path === path),
    model: (path, cell) => lab.panel(path).content.widgets[cell].model,

    async open(path, kernel) {
        const panel = await window.jupyterapp.commands.execute("docmanager:open", {path, kernel: {name: kernel}});
        await panel.context.ready;
        await panel.sessionContext.ready;
        return panel.id;
    },
    isConnected(path) {
        const kernel = lab.panel(path).sessionContext.session?.kernel;
        return kernel?.connectionStatus === "connected" && kernel.status === "idle";
    },
    select(path, cell) {
        const panel = lab.panel(path);
        window.jupyterapp.shell.activateById(panel.id);
        panel.content.activeCellIndex = cell;
        panel.content.deselectAll();
    },
    start(path, cell) {
        lab.select(path, cell);
        window.jupyterapp.commands.execute("notebook:run-cell");
    },
    hasRun(path, cell) {
        const model = lab.model(path, cell);
        return model.executionState === "idle" && model.executionCount !== null;
    },
    // Note each state of a cell's output from now on.
    watch(path, cell) {
        const node = lab.panel(path).content.widgets[cell].node, seen = lab.seen = [];
        const look = () => {
            const output = node.querySelector(".jp-OutputArea"), text = output?.innerText.trim() ?? "";
            if (text === seen.at(-1)?.text) return;
            const card = output?.querySelector('[style*="border-left"]')?.getBoundingClientRect();
            const [left, width] = [card?.left ?? 0, card?.width ?? 0];
            seen.push({text, height: output?.offsetHeight ?? 0, left, width, at: performance.now() / 1000});
        };
        look();
        lab.watching?.disconnect();
        lab.watching = new MutationObserver(look);
        lab.watching.observe(node, {subtree: true, childList: true, characterData: true, attributes: true});
    },
    // Measure the time from the next click into the toolbar until a cell shows a text.
    timeStop(path, cell, text) {
        const {toolbar, content} = lab.panel(path), node = content.widgets[cell].node;
        const look = begun => {
            if (!node.querySelector(".jp-OutputArea")?.innerText.includes(text)) setTimeout(look, 5, begun);
            else lab.stopped = (performance.now() - begun) / 1000;
        };
        lab.stopped = null;
        toolbar.node.addEventListener("mousedown", () => look(performance.now()), {capture: true, once: true});
    },
    hasStopped: () => lab.stopped !== null,
    save: path => lab.panel(path).context.save(),
    isTrusted: path => lab.panel(path).content.widgets.every(it => it.model.type !== "code" || it.model.trusted),
    async close(path) {
        const panel = lab.panel(path);
        await panel.sessionContext.shutdown();
        panel.dispose();
        document.querySelectorAll(".jp-Dialog").forEach(it => it.remove());  // what a test left behind
    },
    paint: theme => window.jupyterapp.commands.execute("apputils:change-theme", {theme}).then(() => undefined),
    hasTheme(theme) {
        const isSplashGone = !document.getElementById("jupyterlab-splash");
        const ground = getComputedStyle(document.querySelector(".jp-NotebookPanel, body")).backgroundColor;
        const isLight = (ground.match(/\d+/g) ?? []).slice(0, 3).every(it => it > 127);
        return isSplashGone && document.body.dataset.jpThemeName === theme && isLight === theme.endsWith("Light");
    },
};
