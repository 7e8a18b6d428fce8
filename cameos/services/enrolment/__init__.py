"""From a consent to a cameo: the challenge, the capture, what a worker finds, look-alikes."""
