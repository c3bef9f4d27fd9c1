/* What pymalloc holds, as CPython itself tells it.
 *
 * `_PyObject_DebugMallocStats` (Objects/obmalloc.c; sys._debugmallocstats prints it) is the only way
 * to these numbers. It says nothing unless pymalloc is what the OBJ domain calls first, which it is
 * not below a hook: ours, tracemalloc's or anybody's. So the hook steps aside for the call. The GIL is
 * held all the while, and the call takes memory from malloc only: no allocation passes a hook by. */

#include "arenas.h"

#include "refusal.h"

#include <Python.h>
#include <internal/pycore_pymem.h>
#if PY_VERSION_HEX >= 0x030C0000
#include <internal/pycore_obmalloc.h> /* it moved there in 3.12 */
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static PyMemAllocatorEx pymalloc;
static bool pymalloc_is_known;

struct report {
    char *text;
    size_t length;
};

/* Whether there is a report to be freed: pymalloc is on top, and there was memory. */
static bool
take_report(struct report *report)
{
    FILE *file = open_memstream(&report->text, &report->length);
    if (file == NULL) {
        return false;
    }
    bool told = _PyObject_DebugMallocStats(file) != 0;
    bool written = fclose(file) == 0;
    if (told && written) {
        return true;
    }
    free(report->text);
    return false;
}

/* The same with pymalloc on top for the time of the call. */
static bool
take_report_below_hooks(struct report *report)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &top);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &pymalloc);
    bool taken = take_report(report);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &top);
    return taken;
}

void
arenas_learn(void)
{
    struct report report;
    if (!pymalloc_is_known && take_report(&report)) {
        free(report.text);
        PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &pymalloc);
        pymalloc_is_known = true;
    }
}

PyObject *
arenas_report(void)
{
    struct report report;
    /* An interpreter with a GIL of its own would allocate during the call. */
    if (!pymalloc_is_known || has_sub_interpreters() || !take_report_below_hooks(&report)) {
        Py_RETURN_NONE;
    }
    PyObject *text = PyUnicode_DecodeUTF8(report.text, (Py_ssize_t)report.length, "replace");
    free(report.text);
    return text;
}
