/* See README.md. */
#ifndef HARDWARE_UART_H
#define HARDWARE_UART_H

#include "pico/stdlib.h"

typedef struct uart_inst uart_inst_t;
extern uart_inst_t *const uart0;

uint uart_init(uart_inst_t *uart, uint baudrate);
bool uart_is_writable(uart_inst_t *uart);
void uart_putc_raw(uart_inst_t *uart, char c);

#endif
