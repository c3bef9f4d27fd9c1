/* Tags: how a sample learns the route of the request that it was taken in. */

#ifndef LEAKPROBE_SAMPLER_TAGS_H
#define LEAKPROBE_SAMPLER_TAGS_H

#include <Python.h>

#include <stddef.h>
#include <stdint.h>

enum { ROUTE_UNKNOWN = -1, ROUTE_NONE = 0 };

/* What the samples of one request share; made with the first of them. */
struct request;

/* The type of tags, to be readied once. */
extern PyTypeObject tag_type;

/* The request of the tag that a context variable holds in the current context, a new reference;
 * NULL: it holds none, or one without a route. Keeps a pending exception. */
struct request *tags_current_request(PyThreadState *thread, PyObject *variable);

/* ROUTE_NONE where there is no request. */
int32_t request_route(const struct request *request);

void request_release(struct request *request);

size_t requests_bytes(void);

#endif
