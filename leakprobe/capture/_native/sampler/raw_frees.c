/* How frees are seen without a hook in every free.
 *
 * pymalloc serves what is at most 512 bytes from its pools and hands the rest on to the RAW domain.
 * Few blocks are sampled, so a block that is to be sampled is asked for with more than 512 bytes:
 * then it comes from RAW and goes back to RAW, and a hook in RAW's free sees it die. What lies in
 * pools is never sampled and is freed past us. At the usual 64 KiB between two samples that takes
 * less than one percent of what small blocks take, and saves half of what hooks cost.
 *
 * RAW's free is called without the GIL, too. Such a block is not one of the hooked domains. */

#include "raw_frees.h"

#include "sampling.h"
#include "versions.h"

#include <internal/pycore_pymem.h>
#include <string.h>

static PyMemAllocatorEx below; /* what the RAW domain called before */
static const void *probe; /* a block whose free is waited for */

/* Before 3.12 the current thread is the one that holds the GIL, whoever asks (Python/pystate.c). */
static bool
holds_gil(void)
{
    PyThreadState *thread = current_thread();
    return thread != NULL && thread == PyGILState_GetThisThreadState();
}

static __attribute__((noinline)) void
forget(void *block)
{
    if (!holds_gil()) {
        return;
    }
    if (block == probe) {
        probe = NULL;
        return;
    }
    sampling_forget(block);
}

/* Keeps the context of what lies below: who calls without the GIL while the allocators are being
 * set may bring together what was there and what comes. */
static void
on_free(void *context, void *block)
{
    if (UNLIKELY(filter_hit(block))) {
        forget(block);
    }
    below.free(context, block);
}

bool
raw_frees_is_pymalloc(void)
{
    const char *name = _PyMem_GetCurrentAllocatorName();
    return name != NULL && strcmp(name, "pymalloc") == 0;
}

bool
raw_frees_on_top(void)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &top);
    return top.free == on_free;
}

/* Whether a free arrives, if only by way of others. */
static bool
is_reached(void)
{
    if (below.free == NULL) {
        return false;
    }
    void *block = PyMem_RawMalloc(1);
    if (block == NULL) {
        return raw_frees_on_top();
    }
    probe = block;
    filter_add(block);
    PyMem_RawFree(block);
    filter_remove(block);
    bool reached = probe == NULL;
    probe = NULL;
    return reached;
}

void
raw_frees_watch(void)
{
    if (is_reached()) {
        return;
    }
    PyMemAllocatorEx hook;
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &hook);
    below = hook;
    hook.free = on_free;
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &hook);
}
