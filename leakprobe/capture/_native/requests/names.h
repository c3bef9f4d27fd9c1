/* Keys and values of a scope, as interned strings. */

#ifndef LEAKPROBE_REQUESTS_NAMES_H
#define LEAKPROBE_REQUESTS_NAMES_H

#include <Python.h>

#include <stdbool.h>

struct names {
    PyObject *counted; /* who has counted a request says so in its scope */
    PyObject *endpoint;
    PyObject *fastapi;
    PyObject *context;
    PyObject *http;
    PyObject *method;
    PyObject *new_tag;
    PyObject *path;
    PyObject *resolve;
    PyObject *route;
    PyObject *type;
};

extern struct names names;

/* Makes them, once; false: an exception is set. */
bool names_make(void);

#endif
