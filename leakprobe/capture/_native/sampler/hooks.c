/* The hooks in the interpreter's allocators (PEP 445): they forward, and tell sampling.h.
 *
 * The MEM and OBJ domains are hooked. RAW is not: its blocks are freed without the GIL. Requests
 * above 512 bytes come through OBJ before pymalloc passes them on to RAW, so they are seen.
 *
 * The hooks are never taken away. Whoever stacked allocators upon them (tracemalloc does) keeps
 * their addresses and puts them back when it stops; and taking them away would put back, for the
 * same reason, allocators that may be gone. Nothing sampling, they only forward. */

#include "hooks.h"

#include "sampling.h"

#include <Python.h>

#define NOINLINE __attribute__((noinline))

enum { DOMAINS = 2, PROBE_BYTES = 64 };

struct layer {
    PyMemAllocatorDomain domain;
    PyMemAllocatorEx below; /* what the hooks forward to */
    bool installed;
};

static struct layer layers[DOMAINS] = {
    {.domain = PYMEM_DOMAIN_MEM},
    {.domain = PYMEM_DOMAIN_OBJ},
};

/* Each hook ends in a call of what lies below, which the compiler makes a jump: what is not sampled
 * costs no stack frame. What is to be sampled takes the way round. */

static NOINLINE void *
malloc_sampled(const PyMemAllocatorEx *below, size_t size)
{
    void *block = below->malloc(below->ctx, size);
    sampling_take(block, size);
    return block;
}

static void *
on_malloc(void *context, size_t size)
{
    const PyMemAllocatorEx *below = context;
    if (UNLIKELY(sampling_is_due(size))) {
        return malloc_sampled(below, size);
    }
    return below->malloc(below->ctx, size);
}

static NOINLINE void *
calloc_sampled(const PyMemAllocatorEx *below, size_t count, size_t size)
{
    void *block = below->calloc(below->ctx, count, size);
    sampling_take(block, count * size);
    return block;
}

static void *
on_calloc(void *context, size_t count, size_t size)
{
    const PyMemAllocatorEx *below = context;
    size_t bytes;
    bool fits = !__builtin_mul_overflow(count, size, &bytes); /* else it will be refused below */
    if (UNLIKELY(fits && sampling_is_due(bytes))) {
        return calloc_sampled(below, count, size);
    }
    return below->calloc(below->ctx, count, size);
}

/* A free and an allocation, unless it fails: then the old block is as it was. The GIL has been held
 * since, so that nobody of these domains has got the address of the old one yet. */
static NOINLINE void *
realloc_sampled(const PyMemAllocatorEx *below, void *block, size_t size, bool due)
{
    void *moved = below->realloc(below->ctx, block, size);
    if (moved != NULL) {
        sampling_forget(block);
    }
    if (due) {
        sampling_take(moved, size);
    }
    return moved;
}

static void *
on_realloc(void *context, void *block, size_t size)
{
    const PyMemAllocatorEx *below = context;
    bool due = sampling_is_due(size);
    if (UNLIKELY(due || filter_hit(block))) {
        return realloc_sampled(below, block, size, due);
    }
    return below->realloc(below->ctx, block, size);
}

static NOINLINE void
free_sampled(const PyMemAllocatorEx *below, void *block)
{
    sampling_forget(block);
    below->free(below->ctx, block);
}

static void
on_free(void *context, void *block)
{
    const PyMemAllocatorEx *below = context;
    if (UNLIKELY(filter_hit(block))) {
        free_sampled(below, block);
        return;
    }
    below->free(below->ctx, block);
}

static bool
is_on_top(struct layer *layer)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(layer->domain, &top);
    return layer->installed && top.malloc == on_malloc && top.ctx == &layer->below;
}

bool
hooks_on_top(void)
{
    for (int i = 0; i < DOMAINS; i++) {
        if (!is_on_top(&layers[i])) {
            return false;
        }
    }
    return true;
}

/* Whether an allocation arrives at the hook, if only by way of others: the countdown tells. */
static bool
is_reached(struct layer *layer, const PyMemAllocatorEx *top)
{
    if (!layer->installed) {
        return false;
    }
    int64_t before = sampling_countdown;
    void *block = top->malloc(top->ctx, PROBE_BYTES);
    bool reached = sampling_countdown != before;
    top->free(top->ctx, block);
    sampling_countdown = before;
    return reached;
}

/* Where the hook is in place, or others forward to it, it stays as it is: to put it upon allocators
 * that forward to it would make a circle. Where a probe does not arrive, somebody put allocators
 * back that had been there before it, and it goes upon those. */
static void
install(struct layer *layer)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(layer->domain, &top);
    if (is_reached(layer, &top)) {
        return;
    }
    layer->below = top;
    layer->installed = true;
    PyMemAllocatorEx hook = {&layer->below, on_malloc, on_calloc, on_realloc, on_free};
    PyMem_SetAllocator(layer->domain, &hook);
}

void
hooks_install(void)
{
    for (int i = 0; i < DOMAINS; i++) {
        install(&layers[i]);
    }
}
