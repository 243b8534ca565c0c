// What of a place can be read: each text with all that lies under it, and what is cut off.
"use strict";

window.legibility = {
    isSeen(node) {
        const range = document.createRange();
        range.selectNode(node);
        const isSeen = range.getClientRects().length && getComputedStyle(node.parentElement).visibility === "visible";
        return isSeen && !node.parentElement.closest(".jp-OutputPrompt");  // the number beside it is JupyterLab's
    },
    // From an element outward: the color of its ground, and how opaque it is as a whole.
    layers(element) {
        const found = [];
        for (let it = element; it; it = it.parentElement) {
            const style = getComputedStyle(it);
            found.push([style.backgroundColor, Number(style.opacity)]);
        }
        return found;
    },
    texts(root) {
        root.querySelectorAll("details").forEach(it => it.open = true);
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
        while (walker.nextNode()) {
            const node = walker.currentNode, text = node.data.trim();
            if (!text || !legibility.isSeen(node)) continue;
            const {color, fontSize, fontWeight} = getComputedStyle(node.parentElement);
            const layers = legibility.layers(node.parentElement);
            found.push({text, color, size: parseFloat(fontSize), weight: Number(fontWeight), layers});
        }
        return found;
    },
    // What stands out of its place where nobody can scroll to it.
    isCutOff(it) {
        const style = getComputedStyle(it);
        const scrolls = it.closest("input, select, textarea") || ["auto", "scroll"].includes(style.overflowX);
        const isWide = !scrolls && it.clientWidth > 0 && it.scrollWidth > it.clientWidth + 1;
        const isHigh = ["hidden", "clip"].includes(style.overflowY) && it.scrollHeight > it.clientHeight + 1;
        return it.innerText?.trim() && (isWide || isHigh);
    },
    cutOff: root =>
        [root, ...root.querySelectorAll("*")].filter(legibility.isCutOff).map(it => it.innerText.trim().slice(0, 80)),
};
