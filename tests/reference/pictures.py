"""Photographs and other pictures that no chest model should take: for `g2d gate set --other`.

    pip download --no-deps scikit-image==0.26.0 -d wheels
    python tests/reference/pictures.py wheels/scikit_image-0.26.0-*.whl pictures
    g2d gate set --out gate-set --other pictures

The wheel ships the pictures below in skimage/data; its documentation names each as CC0 or in the
public domain (skimage.data, "Notes"). They are read from the wheel and never kept in the project.
"""

import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

# Folder (the source in tables) -> names in skimage/data.
PICTURES = {
    "photograph, a cat": ["chelsea.png"],
    "photograph": [
        "astronaut.png",  # NASA, public domain
        "camera.png",  # CC0, Lav Varshney
        "coffee.png",  # CC0, Rachel Michetti
        "rocket.jpg",  # SpaceX, public domain
        "clock_motion.png",  # public domain, Stefan van der Walt
        "coins.png",  # no known restrictions, Brooklyn Museum
        "brick.png",  # CC0 Textures
        "grass.png",  # CC0
        "gravel.png",  # CC0 Textures
        "hubble_deep_field.jpg",  # NASA, public domain
        "moon.png",  # public domain
    ],
    "microscope or eye": ["ihc.png", "retina.jpg", "cell.png", "microaneurysms.png"],
    "page or drawing": ["page.png", "text.png", "horse.png"],
}


def main() -> None:
    wheel, out = Path(sys.argv[1]), Path(sys.argv[2])
    with zipfile.ZipFile(wheel) as files:
        for source, names in PICTURES.items():
            folder = out / source
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                picture = Image.open(io.BytesIO(files.read(f"skimage/data/{name}")))
                picture.convert("RGB").save(folder / f"{Path(name).stem}.png")


if __name__ == "__main__":
    main()
