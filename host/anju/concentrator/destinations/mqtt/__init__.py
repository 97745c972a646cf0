"""MQTT 5: what happens, as events that carry an id; what is, as states that Home Assistant finds by itself.

Another program reads here, and is trusted with nothing: nothing that comes by MQTT disarms, and what may arm is signed.
"""
