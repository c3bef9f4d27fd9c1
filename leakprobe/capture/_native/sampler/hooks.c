/* The hooks in the interpreter's allocators (PEP 445): they forward, and tell sampling.h.
 *
 * The MEM and OBJ domains are hooked. Of RAW only the free is (raw_frees.c), for its blocks come and
 * go without the GIL. Requests above 512 bytes come through OBJ before pymalloc passes them on to
 * RAW, so they are seen. Where something else than pymalloc lies below, or hooks of others on it, the
 * free of MEM and OBJ is hooked instead.
 *
 * The hooks are never taken away. Whoever stacked allocators upon them (tracemalloc does) keeps
 * their addresses and puts them back when it stops; and taking them away would put back, for the
 * same reason, allocators that may be gone. Nothing sampling, they only forward. */

#include "hooks.h"

#include "raw_frees.h"
#include "sampling.h"

#include <Python.h>

#define NOINLINE __attribute__((noinline))

enum { DOMAINS = 2, PROBE_BYTES = 64 };

struct layer {
    PyMemAllocatorEx below; /* what the hooks forward to */
    PyMemAllocatorDomain domain;
    bool installed;
    bool frees_in_raw; /* sampled blocks come from RAW, whose free tells of them */
};

static struct layer layers[DOMAINS] = {
    {.domain = PYMEM_DOMAIN_MEM},
    {.domain = PYMEM_DOMAIN_OBJ},
};

/* Each hook ends in a call of what lies below, which the compiler makes a jump: what is not sampled
 * costs no stack frame. What is to be sampled takes the way round. */

static size_t
bytes_to_ask(const struct layer *layer, size_t size)
{
    return layer->frees_in_raw ? raw_frees_bytes(size) : size;
}

static NOINLINE void *
malloc_sampled(const struct layer *layer, size_t size)
{
    size_t asked = bytes_to_ask(layer, size);
    void *block = layer->below.malloc(layer->below.ctx, asked);
    sampling_take(block, size, asked);
    return block;
}

static void *
on_malloc(void *context, size_t size)
{
    const struct layer *layer = context;
    if (UNLIKELY(sampling_is_due(size))) {
        return malloc_sampled(layer, size);
    }
    return layer->below.malloc(layer->below.ctx, size);
}

static NOINLINE void *
calloc_sampled(const struct layer *layer, size_t bytes)
{
    size_t asked = bytes_to_ask(layer, bytes);
    void *block = layer->below.calloc(layer->below.ctx, 1, asked);
    sampling_take(block, bytes, asked);
    return block;
}

static void *
on_calloc(void *context, size_t count, size_t size)
{
    const struct layer *layer = context;
    size_t bytes;
    bool fits = !__builtin_mul_overflow(count, size, &bytes); /* else it will be refused below */
    if (UNLIKELY(fits && sampling_is_due(bytes))) {
        return calloc_sampled(layer, bytes);
    }
    return layer->below.calloc(layer->below.ctx, count, size);
}

/* A free and an allocation, unless it fails: then the old block is as it was. The GIL has been held
 * since, so that nobody of these domains has got the address of the old one yet. */
static NOINLINE void *
realloc_sampled(const struct layer *layer, void *block, size_t size, bool due)
{
    size_t asked = due ? bytes_to_ask(layer, size) : size;
    void *moved = layer->below.realloc(layer->below.ctx, block, asked);
    if (moved != NULL) {
        sampling_forget(block);
    }
    if (due) {
        sampling_take(moved, size, asked);
    }
    return moved;
}

static void *
on_realloc(void *context, void *block, size_t size)
{
    const struct layer *layer = context;
    bool due = sampling_is_due(size);
    if (UNLIKELY(due || filter_hit(block))) {
        return realloc_sampled(layer, block, size, due);
    }
    return layer->below.realloc(layer->below.ctx, block, size);
}

static NOINLINE void
free_sampled(const struct layer *layer, void *block)
{
    sampling_forget(block);
    layer->below.free(layer->below.ctx, block);
}

static void
on_free(void *context, void *block)
{
    const struct layer *layer = context;
    if (UNLIKELY(filter_hit(block))) {
        free_sampled(layer, block);
        return;
    }
    layer->below.free(layer->below.ctx, block);
}

static bool
is_on_top(struct layer *layer)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(layer->domain, &top);
    return layer->installed && top.malloc == on_malloc && top.ctx == layer;
}

bool
hooks_on_top(void)
{
    for (int i = 0; i < DOMAINS; i++) {
        if (!is_on_top(&layers[i]) || (layers[i].frees_in_raw && !raw_frees_on_top())) {
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
install(struct layer *layer, bool over_pymalloc)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(layer->domain, &top);
    if (is_reached(layer, &top)) {
        return;
    }
    layer->below = top;
    layer->installed = true;
    layer->frees_in_raw = over_pymalloc;
    PyMemAllocatorEx hook = {layer, on_malloc, on_calloc, on_realloc, on_free};
    if (over_pymalloc) {
        hook.free = top.free; /* pymalloc asks for no context: Objects/obmalloc.c */
    }
    PyMem_SetAllocator(layer->domain, &hook);
}

void
hooks_install(void)
{
    bool over_pymalloc = raw_frees_is_pymalloc();
    bool frees_in_raw = false;
    for (int i = 0; i < DOMAINS; i++) {
        install(&layers[i], over_pymalloc);
        frees_in_raw = frees_in_raw || layers[i].frees_in_raw;
    }
    if (frees_in_raw) {
        raw_frees_watch();
    }
}
