"""Where the sets stand that both the physics and the pictures know; metres."""

ROOM_HALF_WIDTH, ROOM_FRONT, ROOM_BACK, ROOM_HEIGHT = 5.0, 5.0, -14.0, 5.5
CURTAIN_AT = 5.0
SHORE_AT = 7.0
