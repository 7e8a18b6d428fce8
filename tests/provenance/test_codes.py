import numpy as np
import pytest

from provenance.marks import codes


@pytest.mark.parametrize("mark_id", [0, 1, 0x0123456789ABCDEF, 2**63, 2**64 - 1])
def test_an_id_survives_noise_on_every_bit(mark_id):
    noise = np.random.default_rng(mark_id % 1000).normal(0, 0.6, codes.CODE_BITS)
    assert codes.decode(codes.encode(mark_id) + noise) == mark_id


def test_an_id_survives_flipped_bits():
    signs = codes.encode(0xFEEDFACE)
    signs[::12] *= -1
    assert codes.decode(signs) == 0xFEEDFACE


def test_noise_alone_is_no_id():
    draws = np.random.default_rng(1).normal(size=(300, codes.CODE_BITS))
    assert [codes.decode(soft) for soft in draws] == [None] * 300


@pytest.mark.parametrize("mark_id", [-1, 2**64])
def test_a_number_outside_64_bits_is_refused(mark_id):
    with pytest.raises(ValueError, match="64-bit"):
        codes.encode(mark_id)
