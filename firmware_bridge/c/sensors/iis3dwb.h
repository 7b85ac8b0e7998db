/*
 * IIS3DWB over 4-wire SPI (mode 3, at most 10 MHz), 26 667 Hz, +-16 g, read by its FIFO's watermark interrupt on INT1.
 *
 * Registers: ST IIS3DWB data sheet. The FIFO holds 512 samples, 19 ms; each comes as 7 bytes, a tag and three numbers.
 */
#ifndef IIS3DWB_H
#define IIS3DWB_H

#include "sensor_bus.h"
#include "sensor_fifo.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IIS3DWB_WATERMARK 128u /* 4.8 ms of samples, a quarter of the FIFO */
#define IIS3DWB_CLIP_LEVEL 32767u
#define IIS3DWB_WORD_BYTES 7u
#define IIS3DWB_BURST_WORDS 32u

struct iis3dwb {
    const struct sensor_bus *bus;
    struct sensor_fifo fifo;
    uint8_t burst[IIS3DWB_BURST_WORDS * IIS3DWB_WORD_BYTES]; /* words as they come, tags between the samples */
};

/* What HELLO says of it: stream 0, blocks of `block_samples`. */
struct vbp_description iis3dwb_description(uint16_t block_samples);

/* Checks the chip, resets it, sets it up and starts measuring. `pause_ms` waits; false where the chip does not answer
 * as an IIS3DWB does. */
bool iis3dwb_start(struct iis3dwb *sensor, const struct sensor_bus *bus, void (*pause_ms)(uint32_t), uint64_t now_us);

/* Empties the FIFO into the queue; `now_us` is the time of the watermark interrupt. False after a bus error, which is
 * counted; the samples concerned are then lost and accounted for. */
bool iis3dwb_drain(struct iis3dwb *sensor, struct vbp_queue *queue, uint64_t now_us);

#ifdef __cplusplus
}
#endif

#endif
