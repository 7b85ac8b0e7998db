#include "vbp_queue.h"

#include <string.h>

void vbp_queue_init(struct vbp_queue *queue, struct vbp_block *blocks, uint8_t *bodies, uint8_t n_slots,
                    uint16_t block_samples, uint8_t n_axes, enum vbp_format format)
{
    memset(queue, 0, sizeof *queue);
    memset(blocks, 0, n_slots * sizeof *blocks);
    queue->blocks = blocks;
    queue->bodies = bodies;
    queue->n_slots = n_slots;
    queue->block_samples = block_samples;
    queue->block_bytes = VBP_BLOCK_BYTES(block_samples, n_axes, (unsigned)format);
    queue->sample_bytes = (uint8_t)(n_axes * ((unsigned)format + 1u));
    queue->accounts.t_us = VBP_NO_TIME;
}

static uint8_t after(const struct vbp_queue *queue, uint8_t slot)
{
    return slot + 1 == queue->n_slots ? 0 : (uint8_t)(slot + 1);
}

uint16_t vbp_queue_room(const struct vbp_queue *queue)
{
    return (uint16_t)(queue->block_samples - queue->blocks[queue->open].n_samples);
}

uint8_t *vbp_queue_place(struct vbp_queue *queue)
{
    uint8_t *body = queue->bodies + queue->open * queue->block_bytes;
    return body + VBP_DATA_BYTES + (size_t)queue->blocks[queue->open].n_samples * queue->sample_bytes;
}

static void count_waiting(struct vbp_queue *queue, uint8_t front)
{
    const int waiting = queue->open - front + (queue->open < front ? queue->n_slots : 0);
    if (waiting > queue->high_slots) {
        VBP_STORE(&queue->high_slots, (uint8_t)waiting);
    }
}

/* The open block goes to the consumer, or, where every other slot waits already, is dropped in place. */
static void close_block(struct vbp_queue *queue)
{
    struct vbp_block *block = &queue->blocks[queue->open];
    const uint8_t front = VBP_LOAD(&queue->front);
    const uint8_t next = after(queue, queue->open);
    if (next == front) {
        queue->accounts.dropped_queue += block->n_samples;
        queue->flags = (uint8_t)(queue->flags & VBP_FIFO_OVERRUN) | VBP_GAP;
    } else {
        block->flags = queue->flags;
        block->accounts = queue->accounts;
        queue->flags = 0;
        queue->blocks[next].n_samples = 0; /* not waiting, so it is the producer's */
        VBP_STORE(&queue->open, next);
        count_waiting(queue, front);
        return;
    }
    block->n_samples = 0;
}

void vbp_queue_add(struct vbp_queue *queue, uint16_t n_samples, uint64_t first_us, uint64_t now_us)
{
    struct vbp_block *block = &queue->blocks[queue->open];
    if (block->n_samples == 0) {
        block->sample_index = queue->accounts.produced;
        block->t_us = first_us;
    }
    block->n_samples = (uint16_t)(block->n_samples + n_samples);
    queue->accounts.produced += n_samples;
    queue->accounts.t_us = now_us;
    if (block->n_samples == queue->block_samples) {
        close_block(queue);
    }
}

void vbp_queue_flush(struct vbp_queue *queue)
{
    if (queue->blocks[queue->open].n_samples != 0) {
        close_block(queue);
    }
}

void vbp_queue_lose(struct vbp_queue *queue, uint32_t n_samples, uint64_t now_us)
{
    vbp_queue_flush(queue); /* no block spans a gap */
    queue->accounts.produced += n_samples;
    queue->accounts.dropped_fifo += n_samples;
    queue->accounts.t_us = now_us;
    queue->flags |= VBP_FIFO_OVERRUN | VBP_GAP;
}

void vbp_queue_flag(struct vbp_queue *queue, uint8_t flags)
{
    queue->flags |= flags;
}

void vbp_queue_bus_error(struct vbp_queue *queue)
{
    VBP_STORE(&queue->bus_errors, queue->bus_errors + 1);
}

const struct vbp_block *vbp_queue_front(const struct vbp_queue *queue, uint8_t **body)
{
    if (queue->front == VBP_LOAD(&queue->open)) {
        return NULL;
    }
    *body = queue->bodies + queue->front * queue->block_bytes;
    return &queue->blocks[queue->front];
}

void vbp_queue_pop(struct vbp_queue *queue)
{
    VBP_STORE(&queue->front, after(queue, queue->front));
}

uint32_t vbp_queue_high_bytes(const struct vbp_queue *queue)
{
    return VBP_LOAD(&queue->high_slots) * (uint32_t)queue->block_bytes;
}
