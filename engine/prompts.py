"""What is asked for, as one text: for models and servers that take nothing else."""

from engine.contracts import VideoRequest


def plain_text(request: VideoRequest) -> str:
    """A request as one plain text: a camera and a style are said in words."""
    camera = request.shots[0].camera if request.shots else None
    parts = [request.prompt, *(shot.prompt for shot in request.shots)]
    if camera:
        parts.append(f"Camera: {camera}")
    if request.style:
        parts.append(f"Style: {request.style}")
    return ". ".join(part.rstrip(". ") for part in parts if part.strip()) + "."
