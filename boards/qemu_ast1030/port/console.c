// The REPL's line: UART5, as fast as QEMU moves it, without loss on the way in.
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/ringbuf.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"

#include "ast1030.h"
#include "clock.h"

#define DRAIN_US (500000) // a busy machine lets its readers wait for tens of milliseconds

static uint8_t stdin_bytes[1024];
static ringbuf_t stdin_ring = {stdin_bytes, sizeof(stdin_bytes), 0, 0};
static volatile bool is_held; // the ring was full, so QEMU keeps what comes
static bool is_drained;

void Console_Handler(void) {
    while (UART_LINE_STATUS(UART5_BASE) & UART_RX_READY) {
        if (!ringbuf_free(&stdin_ring)) {
            UART_INTERRUPTS(UART5_BASE) = 0;
            is_held = true;
            break;
        }
        int c = UART_DATA(UART5_BASE) & 0xff;
        if (c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&stdin_ring, c);
        }
    }
    clock_notify();
}

void console_init(void) {
    is_drained = true;
    UART_LINE_CONTROL(UART5_BASE) = UART_8N1 | UART_DIVISOR_ACCESS;
    UART_DIVISOR(UART5_BASE) = 1; // how long QEMU waits for a FIFO to fill: a millisecond
    UART_LINE_CONTROL(UART5_BASE) = UART_8N1;
    UART_MODEM_CONTROL(UART5_BASE) = UART_MODEM_OUT2;
    // QEMU's whole loop goes round once for what one interrupt takes: fourteen bytes, not one.
    UART_FIFO(UART5_BASE) = UART_FIFO_ENABLE | UART_FIFO_INTERRUPT_AT_14;
    UART_INTERRUPTS(UART5_BASE) = UART_INTERRUPT_RX;
    irq_enable(IRQ_UART5);
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int c = ringbuf_get(&stdin_ring);
        if (is_held) {
            is_held = false;
            UART_INTERRUPTS(UART5_BASE) = UART_INTERRUPT_RX;
        }
        if (c >= 0) {
            return c;
        }
        mp_event_wait_indefinite();
    }
}

// Room to send; after one time-out nobody is waited for until somebody drains the line again.
static bool has_room(void) {
    uint64_t end_us = clock_us() + DRAIN_US;
    do {
        if (UART_LINE_STATUS(UART5_BASE) & UART_TX_EMPTY) {
            is_drained = true;
            return true;
        }
    } while (is_drained && clock_us() < end_us);
    is_drained = false;
    return false;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    for (size_t i = 0; i < size && has_room(); i++) {
        UART_DATA(UART5_BASE) = text[i];
    }
    return size; // what nobody reads is lost
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if (flags & MP_STREAM_POLL_RD && ringbuf_avail(&stdin_ring)) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}
