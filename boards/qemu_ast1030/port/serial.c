#include "ast1030.h"
#include "clock.h"
#include "probe.h"
#include "serial.h"

#define BITS_A_BYTE (10)

serial_t serial_lines[SERIAL_LINES];

static const uint32_t bases[SERIAL_LINES] = {UART1_BASE, UART2_BASE, UART3_BASE, UART4_BASE};
static const char *const names[SERIAL_LINES] = {"uart1", "uart2", "uart3", "uart4"};

// Send what is through by now.
static unsigned send(unsigned line, uint64_t now_ns) {
    serial_t *self = &serial_lines[line];
    while (self->is_sending && self->sent_at_ns <= now_ns) {
        int byte = ringbuf_get(&self->tx);
        // A wire doesn't wait for its other end: with nobody there to take it, the byte is gone.
        if (UART_LINE_STATUS(bases[line]) & UART_TX_EMPTY) {
            UART_DATA(bases[line]) = byte;
        }
        self->sent_at_ns += self->byte_ns;
        if (!ringbuf_avail(&self->tx)) {
            self->is_sending = false;
            probe(names[line], 0);
            return SERIAL_SENT;
        }
    }
    return 0;
}

// Take what is through by now; the rest stays with QEMU, which holds it back as long as the line is busy.
static unsigned receive(unsigned line, uint64_t now_ns) {
    serial_t *self = &serial_lines[line];
    unsigned flags = 0;
    while (self->is_receiving && self->received_at_ns <= now_ns) {
        ringbuf_put(&self->rx, UART_DATA(bases[line])); // or lose it where the ring is full, as a UART does
        flags = SERIAL_RECEIVED;
        self->received_at_ns += self->byte_ns;
        if (!(UART_LINE_STATUS(bases[line]) & UART_RX_READY)) {
            self->is_receiving = false;
            UART_INTERRUPTS(bases[line]) = UART_INTERRUPT_RX;
        }
    }
    return flags;
}

static void set_alarm(void) {
    uint64_t next_ns = NEVER;
    for (unsigned line = 0; line < SERIAL_LINES; line++) {
        serial_t *self = &serial_lines[line];
        if (self->is_sending && self->sent_at_ns < next_ns) {
            next_ns = self->sent_at_ns;
        }
        if (self->is_receiving && self->received_at_ns < next_ns) {
            next_ns = self->received_at_ns;
        }
    }
    clock_alarm(ALARM_SERIAL, next_ns == NEVER ? NEVER : (next_ns + 999) / 1000);
}

void serial_ring(uint64_t now_us) {
    for (unsigned line = 0; line < SERIAL_LINES; line++) {
        unsigned flags = send(line, now_us * 1000) | receive(line, now_us * 1000);
        if (flags) {
            uart_event(line, flags);
            clock_notify();
        }
    }
    set_alarm();
}

// The first byte after a pause: its start bit is now.
static void arrived(unsigned line) {
    if (!(UART_LINE_STATUS(bases[line]) & UART_RX_READY)) {
        return;
    }
    UART_INTERRUPTS(bases[line]) = 0;
    serial_lines[line].is_receiving = true;
    serial_lines[line].received_at_ns = clock_us() * 1000 + serial_lines[line].byte_ns;
    set_alarm();
}

void UART1_Handler(void) {
    arrived(0);
}

void UART2_Handler(void) {
    arrived(1);
}

void UART3_Handler(void) {
    arrived(2);
}

void UART4_Handler(void) {
    arrived(3);
}

size_t serial_write(unsigned line, const uint8_t *data, size_t size) {
    serial_t *self = &serial_lines[line];
    uint32_t state = interrupts_mask();
    size_t taken = 0;
    while (taken < size && ringbuf_put(&self->tx, data[taken]) == 0) {
        taken++;
    }
    if (taken && !self->is_sending) {
        self->is_sending = true;
        self->sent_at_ns = clock_us() * 1000 + self->byte_ns;
        probe(names[line], 1);
        set_alarm();
    }
    interrupts_restore(state);
    return taken;
}

size_t serial_read(unsigned line, uint8_t *data, size_t size) {
    size_t given = 0;
    int byte;
    while (given < size && (byte = ringbuf_get(&serial_lines[line].rx)) >= 0) {
        data[given++] = byte;
    }
    return given;
}

void serial_open(unsigned line, uint32_t baud, uint8_t *rx, size_t rx_size, uint8_t *tx, size_t tx_size) {
    serial_close(line);
    serial_lines[line] = (serial_t) {
        .rx = {rx, rx_size, 0, 0},
        .tx = {tx, tx_size, 0, 0},
        .byte_ns = BITS_A_BYTE * 1000000000ull / baud,
        .is_open = true,
    };
    // What came before nobody listened to.
    while (UART_LINE_STATUS(bases[line]) & UART_RX_READY) {
        (void)UART_DATA(bases[line]);
    }
    UART_INTERRUPTS(bases[line]) = UART_INTERRUPT_RX;
    irq_enable(IRQ_UART1 + line);
}

void serial_close(unsigned line) {
    uint32_t state = interrupts_mask();
    irq_disable(IRQ_UART1 + line);
    UART_INTERRUPTS(bases[line]) = 0;
    serial_lines[line].is_open = serial_lines[line].is_sending = serial_lines[line].is_receiving = false;
    set_alarm();
    interrupts_restore(state);
}

void serial_init(void) {
    for (unsigned line = 0; line < SERIAL_LINES; line++) {
        UART_INTERRUPTS(bases[line]) = 0;
        UART_LINE_CONTROL(bases[line]) = UART_8N1;
        UART_MODEM_CONTROL(bases[line]) = UART_MODEM_OUT2;
        UART_FIFO(bases[line]) = UART_FIFO_ENABLE; // once: each change of it throws away what is in the FIFOs
    }
}
