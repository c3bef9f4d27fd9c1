/* Walks the interpreter's own frames.
 *
 * PyThreadState_GetFrame would make frame objects: it allocates inside the allocator, and on 3.11
 * that can start a garbage collection, and finalizers with it, in the middle of malloc. */

#include "frames.h"

#include "versions.h"

int
frames_walk(PyThreadState *thread, struct frame *frames, int most)
{
    int depth = 0;
    InterpreterFrame *frame = innermost_frame(thread);
    for (; frame != NULL && depth < most; frame = frame->previous) {
        PyCodeObject *code = frame_code(frame);
        if (code != NULL) {
            frames[depth++] = (struct frame){code, frame_instruction(frame)};
        }
    }
    return depth;
}

static PyObject *
describe(const struct frame *frame)
{
    int line = PyCode_Addr2Line(frame->code, frame->instruction);
    /* -1 where an instruction belongs to no line; tracemalloc says 0 there too. */
    return Py_BuildValue("(OiO)", frame->code->co_filename, line < 0 ? 0 : line,
                         frame->code->co_qualname);
}

PyObject *
frames_describe(const struct frame *frames, int depth)
{
    PyObject *described = PyTuple_New(depth);
    for (int i = 0; described != NULL && i < depth; i++) {
        PyObject *frame = describe(&frames[i]);
        if (frame == NULL) {
            Py_CLEAR(described);
        }
        else {
            PyTuple_SET_ITEM(described, i, frame);
        }
    }
    return described;
}
