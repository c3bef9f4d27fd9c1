/* Memory of the child: mmap(2) under a budget. The counters are written in the child only, in its
 * own copy of them; the parent never comes here. */
#define _GNU_SOURCE
#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

static uint64_t budget = UINT64_MAX;
static uint64_t mapped;

_Noreturn void
give_up(enum exit_code code)
{
    _exit(code);
}

void
set_memory_budget(uint64_t bytes)
{
    budget = bytes;
}

uint64_t
mapped_bytes(void)
{
    return mapped;
}

/* Whole pages, at least one: mmap(2) refuses a length of zero. */
static uint64_t
whole_pages(uint64_t bytes)
{
    if (bytes > UINT64_MAX - PAGE_BYTES) {
        give_up(EXIT_OUT_OF_BUDGET);
    }
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    return (pages ? pages : 1) * PAGE_BYTES;
}

static void
charge(uint64_t bytes)
{
    if (bytes > budget || mapped > budget - bytes) {
        give_up(EXIT_OUT_OF_BUDGET);
    }
    mapped += bytes;
}

void *
map_bytes(uint64_t bytes)
{
    uint64_t length = whole_pages(bytes);
    charge(length);
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        give_up(EXIT_OUT_OF_MEMORY);
    }
    return memory;
}

void *
grow_bytes(void *memory, uint64_t old_bytes, uint64_t new_bytes)
{
    uint64_t old_length = whole_pages(old_bytes), new_length = whole_pages(new_bytes);
    if (new_length > old_length) {
        charge(new_length - old_length);
    }
    void *moved = mremap(memory, old_length, new_length, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        give_up(EXIT_OUT_OF_MEMORY);
    }
    if (new_length < old_length) {
        mapped -= old_length - new_length;
    }
    return moved;
}

void
unmap_bytes(void *memory, uint64_t bytes)
{
    uint64_t length = whole_pages(bytes);
    if (munmap(memory, length) == 0) {
        mapped -= length;
    }
}
