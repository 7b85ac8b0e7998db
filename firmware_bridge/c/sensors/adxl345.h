/*
 * ADXL345 over 4-wire SPI (mode 3, at most 5 MHz), 3200 Hz, +-16 g, read by its FIFO's watermark interrupt on INT1.
 *
 * Registers and timing: Analog Devices ADXL345 data sheet, rev. E. After each read of a sample the chip needs 5 us
 * before the next: where the clock is above 1.5 MHz, the bus's `read` has to pause that long with chip select high.
 */
#ifndef ADXL345_H
#define ADXL345_H

#include "sensor_bus.h"
#include "sensor_fifo.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ADXL345_WATERMARK 16u /* half of the FIFO: 5 ms until the next interrupt, 5 ms until it runs over */
#define ADXL345_CLIP_LEVEL 4095u

struct adxl345 {
    const struct sensor_bus *bus;
    struct sensor_fifo fifo;
};

/* What HELLO says of it: stream 0, blocks of `block_samples`. */
struct vbp_description adxl345_description(uint16_t block_samples);

/* Checks the chip, sets it up and starts measuring. False where it does not answer as an ADXL345 does. */
bool adxl345_start(struct adxl345 *sensor, const struct sensor_bus *bus, uint64_t now_us);

/* Empties the FIFO into the queue; `now_us` is the time of the watermark interrupt. False after a bus error, which is
 * counted; the samples concerned are then lost and accounted for. */
bool adxl345_drain(struct adxl345 *sensor, struct vbp_queue *queue, uint64_t now_us);

#ifdef __cplusplus
}
#endif

#endif
