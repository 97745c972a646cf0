// UART1 to UART4 with the time that bytes take on a wire: QEMU moves them at once, so this sends and takes them one by one.
#ifndef ANJU_SERIAL_H
#define ANJU_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/ringbuf.h"

#define SERIAL_LINES (4)

// What an interrupt of a line can be about.
#define SERIAL_RECEIVED (1)
#define SERIAL_SENT (2)

typedef struct {
    ringbuf_t rx, tx;
    uint32_t byte_ns; // start bit, eight bits, stop bit
    bool is_open, is_sending, is_receiving;
    uint64_t sent_at_ns, received_at_ns; // when the byte on the wire will be through
} serial_t;

extern serial_t serial_lines[SERIAL_LINES];

void serial_init(void);

// The rings' memory stays the caller's.
void serial_open(unsigned line, uint32_t baud, uint8_t *rx, size_t rx_size, uint8_t *tx, size_t tx_size);
void serial_close(unsigned line);

// Both return how much they took or gave without waiting.
size_t serial_write(unsigned line, const uint8_t *data, size_t size);
size_t serial_read(unsigned line, uint8_t *data, size_t size);

// Provided by port_uart.c.
void uart_event(unsigned line, unsigned flags);

// For clock.c.
void serial_ring(uint64_t now_us);

#endif
