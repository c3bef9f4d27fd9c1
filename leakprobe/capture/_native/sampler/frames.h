/* The frames of a thread as they stand, without the frame objects of Python's own interface. */

#ifndef LEAKPROBE_SAMPLER_FRAMES_H
#define LEAKPROBE_SAMPLER_FRAMES_H

#include <Python.h>

enum { MOST_FRAMES = 256 };

struct frame {
    PyCodeObject *code;
    int instruction; /* byte offset into the code */
};

/* Writes the innermost frames of a thread, at most `most`, with borrowed code; how many there are.
 * Allocates nothing, runs no Python code. */
int frames_walk(PyThreadState *thread, struct frame *frames, int most);

/* File, line and qualified name of each frame as a tuple of tuples; NULL with an exception set. */
PyObject *frames_describe(const struct frame *frames, int depth);

#endif
