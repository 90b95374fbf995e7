"""Makes, in FOLDER/empty, a project with one example per packaged crate: the crate's README example."""
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1]).resolve()
project = folder / "empty"
(project / "examples").mkdir(parents=True)
(project / "src").mkdir()
(project / "src/lib.rs").write_text("")
dependencies, patches, names = [], [], []
for crate in sorted(folder.glob("homeostat*-[0-9]*")):
    name = crate.name.rsplit("-", 1)[0]
    manifest = (crate / "Cargo.toml").read_text()
    features = re.search(r"^\[features\]\n((?:.+\n)*)", manifest, re.M)
    offered = re.findall(r"^(\w+) =", features.group(1), re.M) if features else []
    wanted = ", ".join(f'"{feature}"' for feature in offered if feature in ("conformance", "event"))
    dependencies.append(f'{name} = {{ version = "*", features = [{wanted}] }}')
    patches.append(f'{name} = {{ path = "{crate}" }}')
    blocks = re.findall(r"```rust[^\n]*\n(.*?)```", (crate / "README.md").read_text(), re.S)
    if not blocks:
        sys.exit(f"{name}: its README shows no example")
    body = re.sub(r"^# ", "", blocks[0], flags=re.M)
    fallible = "Ok::<" in body
    head = "fn main() -> Result<(), Box<dyn std::error::Error>> {\n" if fallible else "fn main() {\n"
    body = re.sub(r"Ok::<\(\), [^;]*?>\(\(\)\)\s*$", "Ok(())\n", body.rstrip())
    if "fn main" in body:
        (project / "examples" / f"{name}.rs").write_text(body)
    else:
        (project / "examples" / f"{name}.rs").write_text(head + body + "\n}\n")
    names.append(name)
(project / "crates.txt").write_text("\n".join(names) + "\n")
(project / "Cargo.toml").write_text(
    '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
    + "\n".join(dependencies)
    + '\nserde_json = "1"\n\n[patch.crates-io]\n'
    + "\n".join(patches)
    + "\n"
)
