"""The drawn set `scenes`: persons made of limbs, and simple things, with boxes, masks, joints."""
