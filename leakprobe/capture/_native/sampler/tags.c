/* The Tag type, and what the samples of one request share.
 *
 * A middleware runs before the router: a sample is often taken before its route is known. Such
 * samples point to one small record, which the tag writes its route into. The record is made with
 * the first sample and goes with the last, so that a request nobody sampled costs nothing here and
 * nothing grows with the number of requests. A tag that dies without a route leaves its samples
 * untagged. */

#include "tags.h"

#include "versions.h"

#include <stdlib.h>

struct request {
    size_t references; /* of its samples and its tag */
    int32_t route;
};

typedef struct {
    PyObject_HEAD
    struct request *request; /* NULL: not sampled yet */
    int32_t route;
} Tag;

static size_t request_count;

int32_t
request_route(const struct request *request)
{
    return request == NULL ? ROUTE_NONE : request->route;
}

void
request_release(struct request *request)
{
    if (request != NULL && --request->references == 0) {
        free(request);
        request_count--;
    }
}

size_t
requests_bytes(void)
{
    return request_count * sizeof(struct request);
}

static struct request *
request_of(Tag *tag)
{
    if (tag->route == ROUTE_NONE) {
        return NULL;
    }
    if (tag->request == NULL) {
        tag->request = malloc(sizeof *tag->request);
        if (tag->request == NULL) {
            return NULL; /* the sample is better untagged than lost */
        }
        *tag->request = (struct request){.references = 1, .route = tag->route};
        request_count++;
    }
    tag->request->references++;
    return tag->request;
}

struct request *
tags_current_request(PyThreadState *thread, PyObject *variable)
{
    if (variable == NULL || thread->context == NULL) {
        return NULL; /* without a context there could only be a default */
    }
    struct request *request = NULL;
    PendingException pending = set_exception_aside();
    PyObject *value = peek_context_variable(variable);
    if (value != NULL) {
        if (Py_IS_TYPE(value, &tag_type)) {
            request = request_of((Tag *)value);
        }
        Py_DECREF(value); /* never the last reference: the context has one */
    }
    put_exception_back(pending);
    return request;
}

static PyObject *
tag_make(void)
{
    Tag *tag = PyObject_New(Tag, &tag_type);
    if (tag != NULL) {
        tag->request = NULL;
        tag->route = ROUTE_UNKNOWN;
    }
    return (PyObject *)tag;
}

static PyObject *
refuse_arguments(void)
{
    PyErr_SetString(PyExc_TypeError, "Tag() takes no arguments");
    return NULL;
}

static PyObject *
tag_new(PyTypeObject *Py_UNUSED(type), PyObject *arguments, PyObject *keywords)
{
    bool any = PyTuple_GET_SIZE(arguments) != 0 || (keywords != NULL && PyDict_GET_SIZE(keywords));
    return any ? refuse_arguments() : tag_make();
}

/* Each request makes a tag: this spares it the tuple that tp_new takes. */
static PyObject *
tag_vectorcall(PyObject *Py_UNUSED(type), PyObject *const *Py_UNUSED(arguments), size_t count,
               PyObject *keywords)
{
    bool any = PyVectorcall_NARGS(count) != 0 || (keywords != NULL && PyTuple_GET_SIZE(keywords));
    return any ? refuse_arguments() : tag_make();
}

static void
set_route(Tag *tag, int32_t route)
{
    tag->route = route;
    if (tag->request != NULL) {
        tag->request->route = route;
    }
}

static void
tag_dealloc(PyObject *self)
{
    Tag *tag = (Tag *)self;
    if (tag->route == ROUTE_UNKNOWN) {
        set_route(tag, ROUTE_NONE);
    }
    request_release(tag->request);
    PyObject_Free(tag);
}

static PyObject *
tag_resolve(PyObject *self, PyObject *number)
{
    int overflow = 0;
    long route = PyLong_AsLongAndOverflow(number, &overflow);
    if (route == -1 && overflow == 0 && PyErr_Occurred()) {
        return NULL;
    }
    if (overflow > 0 || route > INT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "a route is at most %d, not %R", INT32_MAX, number);
        return NULL;
    }
    set_route((Tag *)self, overflow < 0 || route < 0 ? ROUTE_NONE : (int32_t)route);
    Py_RETURN_NONE;
}

static PyMethodDef tag_methods[] = {
    {"resolve", tag_resolve, METH_O,
     PyDoc_STR("resolve($self, route, /)\n--\n\n"
               "Say which route this is, a number from 1 to 2**31 - 1; 0 and less: none.")},
    {0},
};

PyTypeObject tag_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "leakprobe.capture._native._sampler.Tag",
    .tp_doc = PyDoc_STR("Tag()\n--\n\nWhat one request carries in a context variable, so that "
                        "samples know their route."),
    .tp_basicsize = sizeof(Tag),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = tag_new,
    .tp_vectorcall = tag_vectorcall,
    .tp_dealloc = tag_dealloc,
    .tp_methods = tag_methods,
};
