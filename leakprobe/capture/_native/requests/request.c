/* The Request type: what is known of a request while the application is at it.
 *
 * It is held by the coroutine of the middleware alone. The collector is told of it, because the
 * token that it holds leads to the context, and so to whatever the application keeps there. */

#include "request.h"

#include "clock.h"
#include "names.h"
#include "tally.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    PyObject_HEAD
    Watch *watch;    /* NULL: it has ended */
    PyObject *scope; /* a dictionary */
    PyObject *tag;   /* NULL: none */
    PyObject *token; /* NULL: no tag is set */
    bool marked;     /* the scope says that it is counted */
    uint64_t began_ns;
} Request;

/* Makes a tag and sets it, where there is something to tag for; false: an exception is set. */
static bool
set_tag(Request *request)
{
    PyObject *new_tag = PyObject_GetAttr(request->watch->tags, names.new_tag);
    if (new_tag == NULL || new_tag == Py_None) {
        Py_XDECREF(new_tag);
        return new_tag != NULL;
    }
    request->tag = PyObject_CallNoArgs(new_tag);
    Py_DECREF(new_tag);
    if (request->tag == NULL) {
        return false;
    }
    request->token = PyContextVar_Set(request->watch->variable, request->tag);
    return request->token != NULL;
}

PyObject *
request_begin(Watch *watch, PyObject *scope)
{
    bool marked = PyList_GET_SIZE(watch->peers) > 1;
    if (marked && PyDict_SetItem(scope, names.counted, Py_True) < 0) {
        return NULL;
    }
    Request *request = PyObject_GC_New(Request, &request_type);
    if (request == NULL) {
        return NULL;
    }
    request->watch = (Watch *)Py_NewRef((PyObject *)watch);
    request->scope = Py_NewRef(scope);
    request->tag = NULL;
    request->token = NULL;
    request->marked = marked;
    PyObject_GC_Track((PyObject *)request);
    if (!set_tag(request) && !watch_note_error(watch)) {
        Py_DECREF(request);
        return NULL;
    }
    request->began_ns = now_ns();
    return (PyObject *)request;
}

/* What was made of the route that a request took: a tuple, a new reference. */
static PyObject *
route_of(const Watch *watch, PyObject *scope)
{
    PyObject *route = memo_find(watch->memo, scope);
    if (route == NULL && !PyErr_Occurred()) {
        route = PyObject_CallOneArg(watch->find_out, scope);
    }
    if (route != NULL && !(PyTuple_Check(route) && PyTuple_GET_SIZE(route) == 2 &&
                           Py_IS_TYPE(PyTuple_GET_ITEM(route, 0), &tally_type))) {
        PyErr_Format(PyExc_TypeError, "a route must be a tally and a number, not %.100s",
                     Py_TYPE(route)->tp_name);
        Py_CLEAR(route);
    }
    return route;
}

/* Counts the request for its route, and tells its tag; false: an exception is set. */
static bool
note(const Request *request, double seconds, bool failed)
{
    if (request->marked && PyDict_DelItem(request->scope, names.counted) < 0) {
        return false;
    }
    PyObject *route = route_of(request->watch, request->scope);
    if (route == NULL) {
        return false;
    }
    tally_note((Tally *)PyTuple_GET_ITEM(route, 0), seconds, failed);
    PyObject *told = request->tag == NULL
                         ? Py_NewRef(Py_None)
                         : PyObject_CallMethodOneArg(request->tag, names.resolve,
                                                     PyTuple_GET_ITEM(route, 1));
    Py_DECREF(route);
    Py_XDECREF(told);
    return told != NULL;
}

/* Takes the tag out of the context; false: an exception is set.
 *
 * Python/context.c: from another context than the tag was set in (the coroutine was closed by the
 * collector, or at the end of a loop) this is a ValueError. Then its own context goes with it. */
static bool
reset_tag(const Request *request)
{
    if (request->token == NULL ||
        PyContextVar_Reset(request->watch->variable, request->token) == 0) {
        return true;
    }
    bool elsewhere = PyErr_ExceptionMatches(PyExc_ValueError);
    if (elsewhere) {
        PyErr_Clear();
    }
    return elsewhere;
}

static int
request_clear(PyObject *self)
{
    Request *request = (Request *)self;
    Py_CLEAR(request->watch);
    Py_CLEAR(request->scope);
    Py_CLEAR(request->tag);
    Py_CLEAR(request->token);
    return 0;
}

static PyObject *
end(Request *request, bool failed)
{
    if (request->watch == NULL) {
        Py_RETURN_NONE;
    }
    double seconds = (double)(now_ns() - request->began_ns) * 1e-9;
    bool fine = reset_tag(request) || watch_note_error(request->watch);
    if (fine) {
        fine = note(request, seconds, failed) || watch_note_error(request->watch);
    }
    (void)request_clear((PyObject *)request);
    return fine ? Py_NewRef(Py_None) : NULL;
}

static PyObject *
done_method(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return end((Request *)self, false);
}

static PyObject *
failed_method(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return end((Request *)self, true);
}

static int
request_traverse(PyObject *self, visitproc visit, void *arg)
{
    const Request *request = (Request *)self;
    Py_VISIT(request->watch);
    Py_VISIT(request->scope);
    Py_VISIT(request->tag);
    Py_VISIT(request->token);
    return 0;
}

static void
request_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)request_clear(self);
    PyObject_GC_Del(self);
}

static PyMethodDef request_methods[] = {
    {"done", done_method, METH_NOARGS,
     PyDoc_STR("done($self, /)\n--\n\nIt has ended; nothing where it had.")},
    {"failed", failed_method, METH_NOARGS,
     PyDoc_STR("failed($self, /)\n--\n\nIt has ended with an exception; nothing where it had.")},
    {0},
};

PyTypeObject request_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "leakprobe.capture._native._requests.Request",
    .tp_doc = PyDoc_STR("A request that the application is at; Watch.begin makes them."),
    .tp_basicsize = sizeof(Request),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = request_dealloc,
    .tp_traverse = request_traverse,
    .tp_clear = request_clear,
    .tp_methods = request_methods,
};
