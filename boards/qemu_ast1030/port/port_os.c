// os.urandom; included by extmod/modos.c.
#include "py/mphal.h"
#include "py/runtime.h"

static mp_obj_t mp_os_urandom(mp_obj_t size_in) {
    mp_int_t size = mp_obj_get_int(size_in);
    if (size < 0) {
        mp_raise_ValueError(NULL);
    }
    vstr_t bytes;
    vstr_init_len(&bytes, size);
    uint32_t number = 0;
    for (mp_int_t i = 0; i < size; i++, number >>= 8) {
        if (i % 4 == 0) {
            number = mp_hal_random();
        }
        bytes.buf[i] = number;
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
