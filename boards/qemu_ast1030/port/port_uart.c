// machine.UART; included by extmod/machine_uart.c.
#include "py/mperrno.h"
#include "py/mphal.h"

#include "port_uart.h"
#include "serial.h"

#define LEAST_BUFFER (32)
#define MOST_BUFFER (16384)

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS \
    { MP_ROM_QSTR(MP_QSTR_IRQ_RX), MP_ROM_INT(SERIAL_RECEIVED) }, \
    { MP_ROM_QSTR(MP_QSTR_IRQ_TXIDLE), MP_ROM_INT(SERIAL_SENT) }, \

struct _machine_uart_obj_t {
    mp_obj_base_t base;
    uint8_t line; // UART(1) is line 0
    uint8_t trigger;
    uint8_t flags;
    uint32_t baud;
    uint32_t timeout_ms; // for the first byte
    uint32_t timeout_char_ms; // between two
    uint8_t *rx;
    uint8_t *tx;
    size_t rx_size, tx_size;
    mp_irq_obj_t *irq;
};

#define UART(line) ((machine_uart_obj_t *)MP_STATE_PORT(uarts)[line])

static serial_t *open_line(machine_uart_obj_t *self) {
    if (!serial_lines[self->line].is_open) {
        mp_raise_OSError(MP_EIO);
    }
    return &serial_lines[self->line];
}

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "UART(%u, baudrate=%u, txbuf=%u, rxbuf=%u, timeout=%u, timeout_char=%u)", self->line + 1,
        self->baud, self->tx_size - 1, self->rx_size - 1, self->timeout_ms, self->timeout_char_ms);
}

static size_t buffer_size(mp_int_t wanted) {
    if (wanted < LEAST_BUFFER || wanted > MOST_BUFFER) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffers hold 32 to 16384 bytes"));
    }
    return wanted + 1; // a ring has one place that is never filled
}

static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_baudrate, ARG_bits, ARG_parity, ARG_stop, ARG_timeout, ARG_timeout_char, ARG_txbuf, ARG_rxbuf };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 115200} },
        { MP_QSTR_bits, MP_ARG_INT, {.u_int = 8} },
        { MP_QSTR_parity, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_stop, MP_ARG_INT, {.u_int = 1} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_timeout_char, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_txbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 256} },
        { MP_QSTR_rxbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 256} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    if (args[ARG_bits].u_int != 8 || args[ARG_parity].u_obj != mp_const_none || args[ARG_stop].u_int != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("only 8N1"));
    }
    if (args[ARG_baudrate].u_int < 300 || args[ARG_baudrate].u_int > 3000000) {
        mp_raise_ValueError(MP_ERROR_TEXT("baudrate: 300 to 3000000"));
    }
    size_t rx_size = buffer_size(args[ARG_rxbuf].u_int);
    size_t tx_size = buffer_size(args[ARG_txbuf].u_int);
    uint8_t *rx = m_new(uint8_t, rx_size);
    uint8_t *tx = m_new(uint8_t, tx_size);
    serial_open(self->line, args[ARG_baudrate].u_int, rx, rx_size, tx, tx_size);
    self->baud = args[ARG_baudrate].u_int;
    self->timeout_ms = args[ARG_timeout].u_int;
    self->timeout_char_ms = args[ARG_timeout_char].u_int;
    self->rx = rx;
    self->tx = tx;
    self->rx_size = rx_size;
    self->tx_size = tx_size;
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t id = mp_obj_get_int(args[0]);
    if (id < 1 || id > SERIAL_LINES) {
        mp_raise_ValueError(MP_ERROR_TEXT("UART 1 to 4"));
    }
    machine_uart_obj_t *self = UART(id - 1);
    bool is_new = self == NULL;
    if (is_new) {
        self = mp_obj_malloc(machine_uart_obj_t, &machine_uart_type);
        self->line = id - 1;
        self->trigger = self->flags = 0;
        self->irq = NULL;
    }
    if (is_new || n_args > 1 || n_kw) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw_args);
    }
    MP_STATE_PORT(uarts)[self->line] = self;
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) {
    serial_close(self->line);
    MP_STATE_PORT(uarts)[self->line] = NULL;
}

void uart_deinit_all(void) {
    for (unsigned line = 0; line < SERIAL_LINES; line++) {
        serial_close(line);
        MP_STATE_PORT(uarts)[line] = NULL;
    }
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    return ringbuf_avail(&open_line(self)->rx);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) {
    return !open_line(self)->is_sending;
}

// ---- Interrupts

void uart_event(unsigned line, unsigned flags) {
    machine_uart_obj_t *self = UART(line);
    if (self != NULL && self->trigger & flags) {
        self->flags = self->trigger & flags;
        mp_irq_handler(self->irq);
    }
}

static mp_uint_t uart_irq_trigger(mp_obj_t self_in, mp_uint_t trigger) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->trigger = trigger;
    return 0;
}

static mp_uint_t uart_irq_info(mp_obj_t self_in, mp_uint_t info_type) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return info_type == MP_IRQ_INFO_FLAGS ? self->flags : self->trigger;
}

static const mp_irq_methods_t uart_irq_methods = {
    .trigger = uart_irq_trigger,
    .info = uart_irq_info,
};

static mp_irq_obj_t *mp_machine_uart_irq(machine_uart_obj_t *self, bool any_args, mp_arg_val_t *args) {
    if (self->irq == NULL) {
        self->irq = mp_irq_new(&uart_irq_methods, MP_OBJ_FROM_PTR(self));
    }
    if (any_args) {
        mp_uint_t trigger = args[MP_IRQ_ARG_INIT_trigger].u_int;
        if (trigger & ~(SERIAL_RECEIVED | SERIAL_SENT)) {
            mp_raise_ValueError(MP_ERROR_TEXT("trigger"));
        }
        self->trigger = 0; // no interrupt while the two change
        self->irq->handler = args[MP_IRQ_ARG_INIT_handler].u_obj;
        self->irq->ishard = args[MP_IRQ_ARG_INIT_hard].u_bool;
        self->trigger = self->irq->handler == mp_const_none ? 0 : trigger;
    }
    return self->irq;
}

// ---- The stream

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    open_line(self);
    uint8_t *data = buf_in;
    mp_uint_t got = 0;
    uint32_t patience_ms = self->timeout_ms;
    mp_uint_t since_ms = mp_hal_ticks_ms();
    while (got < size) {
        size_t chunk = serial_read(self->line, data + got, size - got);
        if (chunk) {
            got += chunk;
            patience_ms = self->timeout_char_ms;
            since_ms = mp_hal_ticks_ms();
            continue;
        }
        mp_uint_t waited_ms = mp_hal_ticks_ms() - since_ms;
        if (waited_ms >= patience_ms) {
            break;
        }
        mp_event_wait_ms(patience_ms - waited_ms);
    }
    if (size && !got) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return got;
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    open_line(self);
    const uint8_t *data = buf_in;
    mp_uint_t put = 0;
    mp_uint_t since_ms = mp_hal_ticks_ms();
    for (;;) {
        put += serial_write(self->line, data + put, size - put);
        mp_uint_t waited_ms = mp_hal_ticks_ms() - since_ms;
        if (put == size || waited_ms >= self->timeout_ms) {
            break;
        }
        mp_event_wait_ms(self->timeout_ms - waited_ms);
    }
    if (size && !put) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return put;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    serial_t *line = open_line(self);
    switch (request) {
        case MP_STREAM_POLL:
            return (ringbuf_avail(&line->rx) ? arg & MP_STREAM_POLL_RD : 0)
                   | (ringbuf_free(&line->tx) ? arg & MP_STREAM_POLL_WR : 0);
        case MP_STREAM_FLUSH:
            while (line->is_sending) {
                mp_event_wait_indefinite();
            }
            return 0;
        case MP_STREAM_CLOSE:
            mp_machine_uart_deinit(self);
            return 0;
        default:
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

MP_REGISTER_ROOT_POINTER(void *uarts[4]);
