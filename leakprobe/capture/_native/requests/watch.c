/* The Watch type: the path of one middleware that every request takes.
 *
 * What it does to a request that it knows: some look-ups, two readings of the clock, a tag set and
 * reset. Whatever is unusual it leaves to Python by answering None: a scope that is no plain
 * dictionary, a path that may be ours, a request that was counted. Its reference is `RequestWatch`
 * in Python. */

#include "watch.h"

#include "names.h"
#include "request.h"
#include "versions.h"

#include <stddef.h>

bool
watch_note_error(const Watch *watch)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return false;
    }
    PyObject *error = take_exception();
    PyObject *done = PyObject_CallOneArg(watch->note_error, error);
    Py_XDECREF(error);
    if (done == NULL) {
        PyErr_WriteUnraisable(watch->note_error);
    }
    Py_XDECREF(done);
    return true;
}

/* Whether a value of a scope is this very string; -1: an exception is set. */
static int
says(PyObject *scope, PyObject *name, PyObject *wanted)
{
    PyObject *value = PyDict_GetItemWithError(scope, name);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    return value == wanted ||
           (PyUnicode_CheckExact(value) && PyUnicode_Compare(value, wanted) == 0);
}

/* Whether a request may be meant for our own endpoints; -1: an exception is set. */
static int
may_be_ours(const Watch *watch, PyObject *scope)
{
    PyObject *path = PyDict_GetItemWithError(scope, names.path);
    if (path == NULL || !PyUnicode_CheckExact(path)) {
        return PyErr_Occurred() ? -1 : 1;
    }
    return PyUnicode_Contains(path, watch->path);
}

/* Whether a request is one of the application's that nobody has counted; -1: an exception is set. */
static int
is_to_be_noted(const Watch *watch, PyObject *scope)
{
    int is_http = says(scope, names.type, names.http);
    if (is_http <= 0) {
        return is_http;
    }
    int ours = may_be_ours(watch, scope);
    if (ours != 0) {
        return ours < 0 ? -1 : 0;
    }
    if (PyList_GET_SIZE(watch->peers) < 2) {
        return 1;
    }
    int counted = PyDict_Contains(scope, names.counted);
    return counted < 0 ? -1 : !counted;
}

static PyObject *
begin_method(PyObject *self, PyObject *scope)
{
    Watch *watch = (Watch *)self;
    int noted = PyDict_CheckExact(scope) ? is_to_be_noted(watch, scope) : 0;
    PyObject *request = noted > 0 ? request_begin(watch, scope) : NULL;
    if (request != NULL) {
        return request;
    }
    if (PyErr_Occurred() && !watch_note_error(watch)) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
watch_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *keyword_names[] = {"path", "memo",  "find_out",   "tags", "variable",
                                    "peers", "note_error", NULL};
    PyObject *path, *memo, *find_out, *tags, *variable, *peers, *note_error;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "UO!OOO!O!O:Watch", keyword_names, &path,
                                     &memo_type, &memo, &find_out, &tags, &PyContextVar_Type,
                                     &variable, &PyList_Type, &peers, &note_error)) {
        return NULL;
    }
    Watch *watch = (Watch *)type->tp_alloc(type, 0);
    if (watch == NULL) {
        return NULL;
    }
    watch->path = Py_NewRef(path);
    watch->memo = (Memo *)Py_NewRef(memo);
    watch->find_out = Py_NewRef(find_out);
    watch->tags = Py_NewRef(tags);
    watch->variable = Py_NewRef(variable);
    watch->peers = Py_NewRef(peers);
    watch->note_error = Py_NewRef(note_error);
    return (PyObject *)watch;
}

static int
watch_traverse(PyObject *self, visitproc visit, void *arg)
{
    const Watch *watch = (Watch *)self;
    Py_VISIT(watch->path);
    Py_VISIT(watch->memo);
    Py_VISIT(watch->find_out);
    Py_VISIT(watch->tags);
    Py_VISIT(watch->variable);
    Py_VISIT(watch->peers);
    Py_VISIT(watch->note_error);
    return 0;
}

/* There is no tp_clear: a cycle always leads through a part that has one, and so a request finds
 * the watch whole for as long as there is one. */
static void
watch_dealloc(PyObject *self)
{
    Watch *watch = (Watch *)self;
    PyObject_GC_UnTrack(self);
    Py_DECREF(watch->path);
    Py_DECREF(watch->memo);
    Py_DECREF(watch->find_out);
    Py_DECREF(watch->tags);
    Py_DECREF(watch->variable);
    Py_DECREF(watch->peers);
    Py_DECREF(watch->note_error);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef watch_methods[] = {
    {"begin", begin_method, METH_O,
     PyDoc_STR("begin($self, scope, /)\n--\n\n"
               "A request that begins; None: it is not to be noted here.")},
    {0},
};

PyTypeObject watch_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "leakprobe.capture._native._requests.Watch",
    .tp_doc = PyDoc_STR("Watch(path, memo, find_out, tags, variable, peers, note_error)\n--\n\n"
                        "What a middleware does to each request."),
    .tp_basicsize = sizeof(Watch),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = watch_new,
    .tp_dealloc = watch_dealloc,
    .tp_traverse = watch_traverse,
    .tp_methods = watch_methods,
};
