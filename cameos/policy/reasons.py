"""Why an enrolment did not become a cameo, in sentences that help to do better next time."""

from __future__ import annotations

OTHER_PERSON = "other_person"
REPLAYED = "replayed_capture"
CHALLENGE_EXPIRED = "challenge_expired"
UNDER_REVIEW = "likeness_under_review"
REVIEW_REFUSED = "review_refused"
REVIEW_EXPIRED = "review_expired"
FAILED = "verification_failed"
UNREADABLE = "capture_unreadable"
UNDER_AGE = "under_age"
GUARDIAN_NEEDED = "guardian_needed"
AGE_UNKNOWN = "age_unknown"

SENTENCES = {
    # Of the capture, as the check of liveness tells them.
    UNREADABLE: "The video cannot be read. Record it anew, and send it as the camera made it.",
    "capture_too_long": "The video is too long: 20 seconds at most.",
    "capture_too_short": "The video is too short: take 3 seconds at least, for all you are asked.",
    "capture_too_large": "The pictures of the video are too large: 1080p is more than enough.",
    "codec_not_allowed": "The video is in a format that is not taken: record it with the camera "
    "of this page, as MP4 or WebM.",
    "no_picture": "There are no pictures in the file: allow the camera, and record anew.",
    "no_sound": "There is no sound in the file: allow the microphone, and record anew.",
    "no_face": "No face was seen. Look into the camera, in good light, with your whole face in "
    "the oval.",
    "two_faces": "More than one face was seen. Be alone in the picture, with no poster or screen "
    "behind you.",
    "face_too_small": "Your face is too small in the picture. Come nearer until it fills the oval.",
    "still_face": "Your face did not move. Turn your head far enough to each side that you are "
    "asked for.",
    "flat_face": "The face turned as a flat picture does. Record your own face, not a photo or a "
    "screen, and turn your head rather than the camera.",
    "wrong_turns": "You turned to the other side first. Turn in the order that is shown; left is "
    "your own left.",
    "turns_missing": "Not every turn was seen. Turn slowly, far enough that one ear comes towards "
    "the camera, and back to the middle each time.",
    "face_changed": "The face is not the same all through the video. Record it in one piece, with "
    "nobody else in it.",
    "silent": "Nobody was heard. Speak up, near the microphone, in a quiet room.",
    "wrong_digits": "Other digits were heard than those shown. Say them one by one, in English, "
    "clearly and in a quiet room.",
    FAILED: "The check could not be finished, which may be our fault. Please try again.",
    # Ours, who know what was enrolled before.
    OTHER_PERSON: "This is not the person whose face this account has enrolled. An account holds "
    "one person's face; end that cameo first if it is not yours.",
    REPLAYED: "This video was handed in before. Each challenge wants a fresh recording.",
    CHALLENGE_EXPIRED: "The time for this challenge is over. Begin again, and have the camera "
    "ready: the recording starts at once.",
    UNDER_REVIEW: "Your face is much like one that is enrolled here. A moderator compares the two "
    "and decides within 7 days; you need do nothing.",
    REVIEW_REFUSED: "A moderator decided that this is the face of somebody else.",
    REVIEW_EXPIRED: "Nobody decided in time whether your face may be enrolled. Please begin again.",
    UNDER_AGE: "You are not old enough to enrol your face.",
    GUARDIAN_NEEDED: "You are under 18: a parent or guardian has to allow it first.",
    AGE_UNKNOWN: "Your account has no date of birth, so your face cannot be enrolled.",
}


def told(codes: list[str], *, review_reason: str = "") -> list[dict[str, str]]:
    """Return reason codes with their sentences, as the API tells them.

    Args:
        codes: of an enrolment; one that is unknown here has the sentence of a failed check.
        review_reason: what a moderator wrote, in place of our sentence for it.
    """
    return [
        {
            "code": code,
            "message": review_reason
            if code == REVIEW_REFUSED and review_reason
            else SENTENCES.get(code, SENTENCES[FAILED]),
        }
        for code in codes
    ]
