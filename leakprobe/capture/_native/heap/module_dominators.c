/* `immediate_dominators` of the Python module: the algorithm by itself, for tests. */
#define _GNU_SOURCE
#include "module.h"

#include "walk.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

struct dominators_job {
    uint32_t nodes;
    const uint32_t *first, *targets;
    uint32_t *dominator;  /* shared with the parent */
};

/* In a copy of the process too: its memory comes from where a walk's does, and may run out. */
static void
dominate_in_child(void *argument)
{
    struct dominators_job *job = argument;
    immediate_dominators(job->nodes, job->first, job->targets, job->dominator);
}

static int
is_graph(const Py_buffer *first, const Py_buffer *targets)
{
    const uint32_t *starts = first->buf, *nodes = targets->buf;
    Py_ssize_t count = first->len / 4 - 1, edges = targets->len / 4;
    if (first->len % 4 != 0 || targets->len % 4 != 0 || count < 0 || starts[0] != 0
        || starts[count] != (uint64_t)edges) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (starts[i] > starts[i + 1]) {
            return 0;
        }
    }
    for (Py_ssize_t i = 0; i < edges; i++) {
        if (nodes[i] >= (uint64_t)count) {
            return 0;
        }
    }
    return 1;
}

static PyObject *
dominate(const Py_buffer *first, const Py_buffer *targets)
{
    struct dominators_job job = {.nodes = (uint32_t)(first->len / 4 - 1), .first = first->buf,
                                 .targets = targets->buf};
    size_t bytes = (size_t)job.nodes * 4;
    struct child child;
    struct ended ended = {.exit_code = -1};
    job.dominator =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job.dominator == MAP_FAILED) {
        return PyErr_NoMemory();
    }
    PyObject *result = NULL;
    int error = start_child(dominate_in_child, &job, -1, &child);
    if (error == 0) {
        (void)close(child.process);
        Py_BEGIN_ALLOW_THREADS
        do {
            error = wait_for_child(child.pid, &ended);
        } while (error == EINTR);
        Py_END_ALLOW_THREADS
    }
    if (error != 0) {
        raise_errno(error);
    }
    else if (ended.exit_code != 0) {
        PyErr_NoMemory();
    }
    else {
        result = PyBytes_FromStringAndSize((char *)job.dominator, (Py_ssize_t)bytes);
    }
    (void)munmap(job.dominator, bytes);
    return result;
}

PyObject *
dominators_of(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer first, targets;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*y*:immediate_dominators", &first, &targets)) {
        return NULL;
    }
    if (!is_graph(&first, &targets)) {
        PyErr_SetString(PyExc_ValueError, "the arrays are no graph in CSR form");
    }
    else if (first.len == 4) {
        result = PyBytes_FromStringAndSize(NULL, 0);
    }
    else {
        result = dominate(&first, &targets);
    }
    PyBuffer_Release(&first);
    PyBuffer_Release(&targets);
    return result;
}
