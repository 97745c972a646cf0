#include "ast1030.h"
#include "clock.h"
#include "gpio.h"
#include "probe.h"

#define MOST_DIGITS (20)

static void send(char c) {
    // Nobody listens: better to lose this than to hold up what is observed.
    if (UART_LINE_STATUS(UART6_BASE) & UART_TX_EMPTY) {
        UART_DATA(UART6_BASE) = c;
    }
}

static void send_word(const char *word) {
    while (*word) {
        send(*word++);
    }
}

static void send_number(uint64_t number) {
    char digits[MOST_DIGITS];
    unsigned count = 0;
    do {
        digits[count++] = '0' + number % 10;
        number /= 10;
    } while (number);
    while (count) {
        send(digits[--count]);
    }
}

static void line(const char *what, const char *pin, uint32_t value) {
    uint32_t state = interrupts_mask();
    send_number(clock_us());
    send(' ');
    send_word(what);
    send_word(pin);
    send(' ');
    send_number(value);
    send('\n');
    interrupts_restore(state);
}

void probe(const char *what, uint32_t value) {
    line(what, "", value);
}

void probe_pin(const char *what, unsigned pin, uint32_t value) {
    char name[] = {GPIO_PORT(pin), '0' + GPIO_BIT(pin), 0};
    line(what, name, value);
}

void probe_init(void) {
    UART_LINE_CONTROL(UART6_BASE) = UART_8N1;
    UART_FIFO(UART6_BASE) = UART_FIFO_ENABLE;
}
