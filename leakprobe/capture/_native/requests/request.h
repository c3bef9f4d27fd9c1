/* One request, from its begin to its end. */

#ifndef LEAKPROBE_REQUESTS_REQUEST_H
#define LEAKPROBE_REQUESTS_REQUEST_H

#include "watch.h"

#include <Python.h>

/* The type of requests, to be readied once. */
extern PyTypeObject request_type;

/* A request that begins now; NULL: an exception is set. It is tagged where there is something to
 * tag for. Where there are several middlewares its scope is marked as counted. */
PyObject *request_begin(Watch *watch, PyObject *scope);

#endif
