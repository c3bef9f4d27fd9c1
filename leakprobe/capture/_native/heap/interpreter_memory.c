/* A `__sizeof__` in C makes an int, and nothing else that the walk calls allocates. In the parent
 * such an int might go through the hook of a sampler and end in malloc, whose lock another thread
 * may have held at the moment of the copy: here it would be held for ever. So the child's copy of
 * the allocators is replaced (Objects/obmalloc.c: PyMem_SetAllocator).
 *
 * The block is a stack: what was allocated last is taken back when it is freed, which is how an
 * int that is made, read and dropped comes and goes. What existed before is never freed. */
#include "interpreter_memory.h"

#include "memory.h"

#include <Python.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define ALIGNMENT ((size_t)16)

struct stack {
    char *start;
    size_t used;
    size_t last;  /* where the newest piece begins */
};

static void *
stack_malloc(void *context, size_t size)
{
    struct stack *stack = context;
    size_t room = BLOCK_BYTES - stack->used;
    if (size > room) {
        return NULL;
    }
    size_t rounded = (size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    if (rounded > room) {
        return NULL;
    }
    stack->last = stack->used;
    stack->used += rounded;
    return stack->start + stack->last;
}

static void *
stack_calloc(void *context, size_t count, size_t size)
{
    if (size != 0 && count > BLOCK_BYTES / size) {
        return NULL;
    }
    void *memory = stack_malloc(context, count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

/* How large a piece is that was allocated elsewhere is not known. */
static void *
stack_realloc(void *context, void *memory, size_t size)
{
    return memory == NULL ? stack_malloc(context, size) : NULL;
}

static void
stack_free(void *context, void *memory)
{
    struct stack *stack = context;
    if (memory == stack->start + stack->last) {
        stack->used = stack->last;
    }
}

void
replace_allocators(void)
{
    struct stack *stack = map_array(struct stack, 1);
    stack->start = map_array(char, BLOCK_BYTES);
    PyMemAllocatorEx allocator = {.ctx = stack, .malloc = stack_malloc, .calloc = stack_calloc,
                                  .realloc = stack_realloc, .free = stack_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &allocator);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &allocator);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &allocator);
}
