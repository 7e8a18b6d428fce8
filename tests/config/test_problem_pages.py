"""The page behind the `type` of each problem document."""

from __future__ import annotations


def test_the_type_of_a_problem_says_what_it_means(client):
    for code in ("bad_cursor", "invite_invalid", "method_not_allowed", "rate_limited"):
        answer = client.get(f"/problems/{code}")
        assert answer.status_code == 200
        assert len(answer.content.decode().split("\n\n", 1)[1]) > 20
    assert client.get("/problems/unheard_of").status_code == 404


def test_the_type_is_the_address_of_that_page(client):
    problem = client.get("/api/v1/nowhere").json()
    assert problem["type"] == "/problems/not_found"
    assert client.get(problem["type"]).status_code == 200
