"""`./dev goldens [--slipway] [NAME…]`: writes down what kubectl says of Kubernetes itself; with --slipway what it says of us, for the
scenarios that say why we differ."""

import argparse
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import kubernetes_world  # noqa: E402  (found by the line above)
import transcripts  # noqa: E402


def make(version, names, side_name, directory):
    side = (kubernetes_world.Kubernetes if side_name == "kubernetes" else kubernetes_world.Slipway)(directory / version)
    try:
        for name in names:
            scenario = transcripts.scenarios()[name]
            if version not in transcripts.versions_of(scenario):
                continue
            run = transcripts.Run(side, version, directory / f"{version}-{name}", scenario)
            path = transcripts.golden(version, name, side_name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(run.transcript())
            run.remove()
            print(version, name, flush=True)
    finally:
        side.close()


def main():
    arguments = argparse.ArgumentParser(prog="./dev goldens", description=__doc__)
    arguments.add_argument("--slipway", action="store_true", help="what kubectl says of us, where we differ on purpose")
    arguments.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all of them where none is named")
    asked = arguments.parse_args()
    known = transcripts.scenarios()
    names = asked.names or list(known)
    for name in set(names) - set(known):
        sys.exit(f"there is no scenario {name}")
    if asked.slipway:
        names = [name for name in names if "differs" in known[name]]
    with tempfile.TemporaryDirectory(prefix="slipway-goldens-") as directory:
        for version in transcripts.VERSIONS:
            make(version, names, "slipway" if asked.slipway else "kubernetes", pathlib.Path(directory))


if __name__ == "__main__":
    main()
