"""The concentrator: the host of one building. It verifies, decides, journals and forwards; `reception.py` shows how."""
