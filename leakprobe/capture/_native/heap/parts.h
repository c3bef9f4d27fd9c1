/* What belongs to what: the namespaces, frames and tables that an object has as parts of it. */
#ifndef LEAKPROBE_HEAP_PARTS_H
#define LEAKPROBE_HEAP_PARTS_H

#include <Python.h>

#include "object_versions.h"
#include "walk.h"

/* What a dict or tuple is for whoever holds it: it decides what its items are called, and
 * whether its keys are names that stand in code. */
enum space {
    SPACE_NONE,     /* a container of the application's */
    SPACE_MODULES,  /* sys.modules */
    SPACE_MODULE,   /* globals */
    SPACE_CLASS,
    SPACE_INSTANCE, /* an object's __dict__ */
    SPACE_LOCALS,   /* the namespace in which a class body or exec() runs */
    SPACE_THREADS,  /* a threading.local's dict of namespaces, one for each thread */
    SPACE_CLOSURE,  /* a function's tuple of cells */
};

/* Told from what holds it on the shortest way from a root. */
enum space space_of_node(const struct walk *walk, uint32_t node);

/* The __dict__ that an object has now, borrowed; NULL: none. */
PyObject *dict_of(PyObject *object);

/* Whether a dict is where an object keeps what is set on it as attributes, though it is not its
 * __dict__: `app.state` and `request.state` of Starlette. */
int is_attribute_table(PyObject *holder, PyObject *part);

/* The namespace of a class, borrowed. */
PyObject *class_namespace(PyTypeObject *type);

/* The frame of a frame object, generator, coroutine or asynchronous generator; NULL where it is
 * something else or over. */
InterpreterFrame *frame_of(PyObject *object);

/* Whether a class is of that name and module; those in C have their module in `tp_name`, and are
 * asked for without one. */
int is_class(PyTypeObject *type, const char *module, const char *name);

/* Whether an object is of a C type of that name, or of a class that inherits from it. */
int is_instance_of(PyObject *object, const char *static_name);

#endif
