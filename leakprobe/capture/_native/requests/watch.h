/* What a middleware does to a request when it begins and when it ends. */

#ifndef LEAKPROBE_REQUESTS_WATCH_H
#define LEAKPROBE_REQUESTS_WATCH_H

#include "memo.h"

#include <Python.h>

#include <stdbool.h>

typedef struct {
    PyObject_HEAD
    PyObject *path;       /* str: requests whose path contains this are looked at by others */
    Memo *memo;           /* what was made of the routes met before */
    PyObject *find_out;   /* callable: makes it of a scope, and has it remembered */
    PyObject *tags;       /* its new_tag makes tags, or is None */
    PyObject *variable;   /* ContextVar: where a tag is set */
    PyObject *peers;      /* list: all middlewares that note where this one does */
    PyObject *note_error; /* callable: takes an exception */
} Watch;

/* The type of watches, to be readied once. */
extern PyTypeObject watch_type;

/* Hands a raised exception to `note_error` where it is one of ours, and returns true; one that is
 * meant for the whole process (KeyboardInterrupt) stays raised, and false is returned. */
bool watch_note_error(const Watch *watch);

#endif
