/* See README.md. */
#ifndef HARDWARE_GPIO_H
#define HARDWARE_GPIO_H

#include "pico/stdlib.h"

#define GPIO_IN false
#define GPIO_OUT true

enum gpio_function { GPIO_FUNC_SPI = 1, GPIO_FUNC_UART = 2 };
enum gpio_irq_level { GPIO_IRQ_LEVEL_LOW = 1, GPIO_IRQ_LEVEL_HIGH = 2, GPIO_IRQ_EDGE_FALL = 4, GPIO_IRQ_EDGE_RISE = 8 };
typedef void (*gpio_irq_callback_t)(uint gpio, uint32_t event_mask);

void gpio_init(uint gpio);
void gpio_set_dir(uint gpio, bool out);
void gpio_put(uint gpio, bool value);
void gpio_set_function(uint gpio, enum gpio_function function);
void gpio_set_irq_enabled_with_callback(uint gpio, uint32_t event_mask, bool enabled, gpio_irq_callback_t callback);

#endif
