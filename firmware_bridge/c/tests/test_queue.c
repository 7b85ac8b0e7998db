/* The queue between interrupt and sender: order, whole blocks dropped and counted, gaps marked where they are. */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "vbp.h"

#define SLOTS 3u
#define BLOCK 4u
#define BLOCK_BYTES VBP_BLOCK_BYTES(BLOCK, 1u, VBP_I16)

static struct vbp_block blocks[SLOTS];
static uint8_t bodies[SLOTS * BLOCK_BYTES];
static struct vbp_queue queue;

static void start(void)
{
    vbp_queue_init(&queue, blocks, bodies, SLOTS, BLOCK, 1, VBP_I16);
}

/* Samples whose value is their index. */
static void produce(unsigned n_samples)
{
    for (; n_samples != 0; n_samples--) {
        const uint64_t index = queue.accounts.produced;
        uint8_t *place = vbp_queue_place(&queue);
        place[0] = (uint8_t)index;
        place[1] = (uint8_t)(index >> 8);
        vbp_queue_add(&queue, 1, 100 * index, 100 * index + 7);
    }
}

/* Takes the oldest block and checks its samples; 0 flags where none waits. */
static struct vbp_block consume(void)
{
    uint8_t *body = NULL;
    const struct vbp_block *front = vbp_queue_front(&queue, &body);
    struct vbp_block block = {.n_samples = 0};
    if (front != NULL) {
        block = *front;
        for (unsigned i = 0; i < block.n_samples; i++) {
            CHECK(body[VBP_DATA_BYTES + 2 * i] == (uint8_t)(block.sample_index + i));
        }
        CHECK(block.t_us == 100 * block.sample_index);
        vbp_queue_pop(&queue);
    }
    return block;
}

static void test_order(void)
{
    start();
    CHECK(consume().n_samples == 0);
    produce(BLOCK - 1);
    CHECK(consume().n_samples == 0 && vbp_queue_room(&queue) == 1);
    for (unsigned round = 0; round < 10; round++) {
        produce(BLOCK);
        const struct vbp_block block = consume();
        CHECK(block.sample_index == round * BLOCK && block.n_samples == BLOCK && block.flags == 0);
        CHECK(block.accounts.produced == (round + 1) * BLOCK);
    }
    CHECK(vbp_queue_high_bytes(&queue) == BLOCK_BYTES);
}

/* Two wait, the third is dropped; what has entered the queue is sent. */
static void test_full_queue_drops_the_newest(void)
{
    start();
    produce(5 * BLOCK);
    CHECK(vbp_queue_high_bytes(&queue) == 2 * BLOCK_BYTES);
    CHECK(consume().sample_index == 0);
    produce(BLOCK);
    CHECK(consume().sample_index == BLOCK);
    const struct vbp_block block = consume();
    CHECK(block.sample_index == 5 * BLOCK && block.flags == VBP_GAP);
    CHECK(block.accounts.dropped_queue == 3 * BLOCK && block.accounts.produced == 6 * BLOCK);
    produce(BLOCK);
    CHECK(consume().flags == 0);
}

static void test_fifo_overrun_closes_the_block(void)
{
    start();
    produce(3);
    vbp_queue_lose(&queue, 10, 1);
    produce(BLOCK);
    const struct vbp_block before = consume();
    CHECK(before.n_samples == 3 && before.flags == 0 && before.accounts.produced == 3);
    const struct vbp_block behind = consume();
    CHECK(behind.sample_index == 13 && behind.flags == (VBP_FIFO_OVERRUN | VBP_GAP));
    CHECK(behind.accounts.dropped_fifo == 10 && behind.accounts.produced == 13 + BLOCK);
}

/* A block that was to say "the FIFO ran over" is dropped itself: the next one still says so. */
static void test_overrun_is_remembered_over_a_drop(void)
{
    start();
    produce(2 * BLOCK);
    vbp_queue_lose(&queue, 5, 1);
    produce(BLOCK);
    consume();
    produce(BLOCK);
    consume();
    CHECK(consume().flags == (VBP_FIFO_OVERRUN | VBP_GAP));
}

static void test_flags_belong_to_one_block(void)
{
    start();
    vbp_queue_flag(&queue, VBP_SELF_TEST);
    produce(2 * BLOCK);
    CHECK(consume().flags == VBP_SELF_TEST);
    CHECK(consume().flags == 0);
    vbp_queue_bus_error(&queue);
    CHECK(queue.bus_errors == 1);
}

static void test_flush(void)
{
    start();
    vbp_queue_flush(&queue);
    CHECK(consume().n_samples == 0);
    produce(1);
    vbp_queue_flush(&queue);
    CHECK(consume().n_samples == 1);
}

static void test_clock(void)
{
    struct vbp_clock clock = {0};
    CHECK(vbp_clock_extend(&clock, 0xFFFFFFFFu) == 0xFFFFFFFFu);
    CHECK(vbp_clock_extend(&clock, 5) == UINT64_C(0x100000005));
    CHECK(vbp_clock_extend(&clock, 5) == UINT64_C(0x100000005));
    CHECK(vbp_clock_extend(&clock, 4) == UINT64_C(0x100000004)); /* an interrupt's time, told late */
    CHECK(vbp_clock_extend(&clock, 0x70000000u) == UINT64_C(0x170000000));
    CHECK(vbp_clock_extend(&clock, 0xD0000000u) == UINT64_C(0x1D0000000));
    CHECK(vbp_clock_extend(&clock, 6) == UINT64_C(0x200000006));
}

void test_queue(void)
{
    test_order();
    test_full_queue_drops_the_newest();
    test_fifo_overrun_closes_the_block();
    test_overrun_is_remembered_over_a_drop();
    test_flags_belong_to_one_block();
    test_flush();
    test_clock();
}
