/* Where references begin: what the interpreter holds that is no object itself. */
#include "roots.h"

#include "memory.h"
#include "object_versions.h"

/* Counts the frames of a thread that run code; with `found`, writes them there. */
static uint32_t
list_frames(PyThreadState *thread, void **found)
{
    uint32_t count = 0;
    for (InterpreterFrame *frame = innermost_frame(thread); frame != NULL;
         frame = frame->previous) {
        if (frame_code(frame) == NULL) {
            continue;
        }
        if (found != NULL) {
            found[count] = frame;
        }
        count++;
    }
    return count;
}

void
add_virtual_nodes(struct graph *graph, PyInterpreterState *interpreter)
{
    PyThreadState *first = PyInterpreterState_ThreadHead(interpreter);
    uint32_t threads = 0, frames = 0;
    for (PyThreadState *thread = first; thread != NULL; thread = PyThreadState_Next(thread)) {
        threads++;
        frames += list_frames(thread, NULL);
    }
    graph->thread_count = threads;
    graph->virtual_count = NODE_FIRST_THREAD + threads + frames;
    graph->virtuals = map_array(void *, graph->virtual_count);
    void **next_thread = graph->virtuals + NODE_FIRST_THREAD;
    void **next_frame = next_thread + threads;
    for (PyThreadState *thread = first; thread != NULL; thread = PyThreadState_Next(thread)) {
        *next_thread++ = thread;
        next_frame += list_frames(thread, next_frame);
    }
}

/* Exceptions that are being handled, one within the other (Include/cpython/pystate.h). */
static void
visit_handled_exceptions(PyThreadState *thread, visitproc visit, void *argument)
{
    for (_PyErr_StackItem *item = thread->exc_info; item != NULL; item = item->previous_item) {
        visit(item->exc_value, argument);
    }
}

/* Python/pystate.c (PyThreadState_Clear): what a thread's state refers to. */
static void
visit_thread(PyThreadState *thread, visitproc visit, void *argument)
{
    visit(thread->dict, argument);
    visit(thread->context, argument);
    visit(thread->async_exc, argument);
    visit(thread->c_profileobj, argument);
    visit(thread->c_traceobj, argument);
    visit(thread->async_gen_firstiter, argument);
    visit(thread->async_gen_finalizer, argument);
    visit_raised_exception(thread, visit, argument);
    visit_handled_exceptions(thread, visit, argument);
}

/* Python/frame.c (_PyFrame_Traverse). The height of the stack is known only of a frame that has
 * called another one; of the others the local variables are visited. */
static void
visit_frame(InterpreterFrame *frame, visitproc visit, void *argument)
{
    PyCodeObject *code = frame_code(frame);
    int count = frame->stacktop >= 0 ? frame->stacktop : code->co_nlocalsplus;
    visit((PyObject *)code, argument);
    visit(frame_function(frame), argument);
    visit(frame->f_locals, argument);
    visit((PyObject *)frame->frame_obj, argument);
    for (int i = 0; i < count; i++) {
        visit(frame->localsplus[i], argument);
    }
}

void
visit_root(const struct graph *graph, uint32_t node, PyInterpreterState *interpreter,
           visitproc visit, void *argument)
{
    switch (kind_of_node(graph, node)) {
    case KIND_MODULES:
        visit(imported_modules(interpreter), argument);
        break;
    case KIND_INTERPRETER:
        visit(interpreter->builtins, argument);
        visit(interpreter->sysdict, argument);
        break;
    case KIND_THREAD:
        visit_thread(graph->virtuals[node], visit, argument);
        break;
    case KIND_FRAME:
        visit_frame(graph->virtuals[node], visit, argument);
        break;
    default: /* NODE_C_HELD has a list of its own */
        break;
    }
}
