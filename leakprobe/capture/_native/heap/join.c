/* Finds the objects of sampled blocks: a hash table of the blocks, one pass over the objects. */
#include "join.h"

#include "memory.h"

struct slot {
    uint64_t pointer;
    struct owner owner;
};

/* Open addressing with linear probing; at most half of the slots are taken, 0 is free. */
struct table {
    struct slot *slots;
    uint64_t mask;
};

static struct slot *
find_slot(const struct table *table, uint64_t pointer)
{
    uint64_t at = (pointer >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32 & table->mask;
    while (table->slots[at].pointer != pointer && table->slots[at].pointer != 0) {
        at = (at + 1) & table->mask;
    }
    return table->slots + at;
}

static void
build_table(struct table *table, const struct request *request)
{
    uint64_t size = 16;
    while (size < 2 * (uint64_t)request->pointer_count) {
        size *= 2;
    }
    table->slots = map_array(struct slot, size);
    table->mask = size - 1;
    for (uint32_t i = 0; i < request->pointer_count; i++) {
        struct slot *slot = find_slot(table, request->pointers[i]);
        *slot = (struct slot){request->pointers[i], {NO_NODE, OWNED_NOT}};
    }
}

struct matching {
    const struct table *table;
    uint32_t node;
};

static void
match_block(const void *address, enum owned_as how, void *argument)
{
    const struct matching *matching = argument;
    struct slot *slot = find_slot(matching->table, (uint64_t)(uintptr_t)address);
    if (slot->pointer != 0 && slot->owner.node == NO_NODE) {
        slot->owner = (struct owner){matching->node, how};
    }
}

void
find_owners(const struct walk *walk, struct join *join)
{
    const struct request *request = walk->request;
    struct table table;
    join->count = request->pointer_count;
    join->owners = map_array(struct owner, join->count);
    if (join->count == 0) {
        return;
    }
    build_table(&table, request);
    for (uint32_t node = walk->graph.virtual_count; node < walk->graph.nodes; node++) {
        struct matching matching = {&table, node};
        visit_blocks(walk->graph.objects[node], match_block, &matching);
    }
    for (uint32_t i = 0; i < join->count; i++) {
        join->owners[i] = find_slot(&table, request->pointers[i])->owner;
    }
    unmap_bytes(table.slots, (table.mask + 1) * sizeof(struct slot));
}
