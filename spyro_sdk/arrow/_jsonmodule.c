/* The compiled decoder as Python sees it: what takes long lets other threads run meanwhile. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "_json.h"

#define ARRAY "arrow_array"
#define SCHEMA "arrow_schema"

static void drop_array(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, ARRAY);
    if (array->release != NULL) /* nobody has taken it */
        array->release(array);
    free(array);
}

static PyObject *given(Column *column)
{
    struct ArrowArray *array = calloc(1, sizeof *array);
    if (array == NULL || !column_give(column, array)) {
        free(array);
        return PyErr_NoMemory();
    }
    PyObject *capsule = PyCapsule_New(array, ARRAY, drop_array);
    if (capsule == NULL) {
        array->release(array);
        free(array);
    }
    return capsule;
}

/* The number of records, and the capsule of each column. */
static PyObject *all_given(Column *records)
{
    PyObject *columns = PyList_New(records->count);
    for (int32_t place = 0; columns != NULL && place < records->count; place++) {
        PyObject *capsule = given(&records->children[place]);
        if (capsule == NULL || PyList_SetItem(columns, place, capsule) < 0)
            Py_CLEAR(columns);
    }
    return columns == NULL ? NULL : Py_BuildValue("LN", (long long)records->length, columns);
}

static PyObject *refused(const char *why)
{
    if (why == NULL)
        return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, why);
    return NULL;
}

static PyObject *read_view(const Py_buffer *view, const struct ArrowSchema *schema, bool is_closed)
{
    const uint8_t *text = view->buf;
    Parser parser = {.at = text, .end = text + view->len, .is_closed = is_closed};
    Column records = {0};
    bool is_read = column_begin(&records, schema, &parser.why);
    if (is_read) {
        Py_BEGIN_ALLOW_THREADS
        is_read = read_records(&parser, &records);
        Py_END_ALLOW_THREADS
    }
    PyObject *result = is_read ? all_given(&records) : refused(parser.why);
    column_end(&records);
    parser_end(&parser);
    return result;
}

static PyObject *json_read(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *records, *capsule;
    int is_closed;
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "OOp", &records, &capsule, &is_closed))
        return NULL;
    const struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, SCHEMA);
    if (schema == NULL || PyObject_GetBuffer(records, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *result = read_view(&view, schema, is_closed);
    PyBuffer_Release(&view);
    return result;
}

/* The columns of many pages lie among each other: of those that were let go nothing is given back by itself. */
static PyObject *json_give_back(PyObject *module, PyObject *none)
{
    (void)module, (void)none;
#ifdef __GLIBC__
    Py_BEGIN_ALLOW_THREADS
    malloc_trim(0);
    Py_END_ALLOW_THREADS
#endif
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"read", json_read, METH_VARARGS,
     "read(records, schema, closed)\n--\n\n"
     "Read the JSON text of a list of objects; return their number, and the capsule of each column.\n\n"
     "`schema` is the capsule of a schema. ValueError where the text is to be read by another road."},
    {"give_back", json_give_back, METH_NOARGS,
     "give_back()\n--\n\nGive the system back the memory of columns that were let go, where the C library can."},
    {NULL, NULL, 0, NULL},
};

static int set_up(PyObject *module)
{
    (void)module;
    if (json_set_up())
        return 0;
    PyErr_NoMemory();
    return -1;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)set_up}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_json",
    .m_doc = "Read JSON straight into Arrow's columns.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__json(void)
{
    return PyModuleDef_Init(&module);
}
