/* Lets AddressSanitizer see the ends of the tables that a heap walk maps: `sanitizer.sh` links
 * this between the walk and `heap/memory.c` (ld's --wrap). mmap(2) has no red zones of its own;
 * here a poisoned page lies on both sides of each table, and growing always moves. */
#include "heap/memory.h"

#include <sanitizer/asan_interface.h>
#include <string.h>

#define RED_ZONE 4096u

void *__real_map_bytes(uint64_t bytes);
void __real_unmap_bytes(void *memory, uint64_t bytes);

void *
__wrap_map_bytes(uint64_t bytes)
{
    char *first = __real_map_bytes(bytes + 2 * RED_ZONE);
    ASAN_POISON_MEMORY_REGION(first, RED_ZONE);
    ASAN_POISON_MEMORY_REGION(first + RED_ZONE + bytes, RED_ZONE);
    return first + RED_ZONE;
}

void
__wrap_unmap_bytes(void *memory, uint64_t bytes)
{
    char *first = (char *)memory - RED_ZONE;
    ASAN_UNPOISON_MEMORY_REGION(first, bytes + 2 * RED_ZONE);
    __real_unmap_bytes(first, bytes + 2 * RED_ZONE);
}

void *
__wrap_grow_bytes(void *memory, uint64_t old_bytes, uint64_t new_bytes)
{
    void *moved = __wrap_map_bytes(new_bytes);
    memcpy(moved, memory, old_bytes < new_bytes ? old_bytes : new_bytes);
    __wrap_unmap_bytes(memory, old_bytes);
    return moved;
}
