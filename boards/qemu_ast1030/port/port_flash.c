// ast1030.Flash: the chip as a block device for vfs.VfsLfs2, one block a sector.
#include "py/mperrno.h"
#include "py/runtime.h"
#include "extmod/vfs.h"

#include "flash.h"

static const mp_obj_type_t flash_type;
static const mp_obj_base_t the_flash = {&flash_type};

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&the_flash);
}

// Address of (block, [buffer,] offset); OSError if the access would leave the chip.
static uint32_t address_of(mp_obj_t block_in, mp_obj_t offset_in, size_t size) {
    mp_int_t block = mp_obj_get_int(block_in);
    mp_int_t offset = offset_in == MP_OBJ_NULL ? 0 : mp_obj_get_int(offset_in);
    if (block < 0 || block >= FLASH_BYTES / FLASH_SECTOR_BYTES || offset < 0 || offset >= FLASH_SECTOR_BYTES
        || size > FLASH_BYTES - (block * FLASH_SECTOR_BYTES + offset)) {
        mp_raise_OSError(MP_EINVAL);
    }
    return block * FLASH_SECTOR_BYTES + offset;
}

static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[2], &data, MP_BUFFER_WRITE);
    flash_read(address_of(args[1], n_args == 4 ? args[3] : MP_OBJ_NULL, data.len), data.buf, data.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

// With an offset the caller has erased; without, whole blocks are erased here.
static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[2], &data, MP_BUFFER_READ);
    uint32_t address = address_of(args[1], n_args == 4 ? args[3] : MP_OBJ_NULL, data.len);
    if (n_args == 3) {
        for (size_t done = 0; done < data.len; done += FLASH_SECTOR_BYTES) {
            flash_erase_sector(address + done);
        }
    }
    flash_write(address, data.buf, data.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self_in, mp_obj_t request, mp_obj_t block) {
    switch (mp_obj_get_int(request)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(FLASH_BYTES / FLASH_SECTOR_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(FLASH_SECTOR_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:
            flash_erase_sector(address_of(block, MP_OBJ_NULL, FLASH_SECTOR_BYTES));
            return MP_OBJ_NEW_SMALL_INT(0);
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj) },
};
static MP_DEFINE_CONST_DICT(flash_locals_dict, flash_locals_dict_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    flash_type,
    MP_QSTR_Flash,
    MP_TYPE_FLAG_NONE,
    make_new, flash_make_new,
    locals_dict, &flash_locals_dict
    );

static const mp_rom_map_elem_t ast1030_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_ast1030) },
    { MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&flash_type) },
};
static MP_DEFINE_CONST_DICT(ast1030_globals, ast1030_globals_table);

const mp_obj_module_t ast1030_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&ast1030_globals,
};

MP_REGISTER_MODULE(MP_QSTR_ast1030, ast1030_module);
