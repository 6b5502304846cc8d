//! The folders of `src` use each other in one direction. CONTRIBUTING.md has the table of who uses whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders from the lowest to the highest: each may use those before it.
const ORDER: [&str; 11] = [
    "signal",
    "metric",
    "engine",
    "model",
    "decode",
    "fit",
    "objective",
    "media",
    "encode",
    "study",
    "bin",
];

/// Every source file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The names of modules that are there for tests only: whoever declares them says so.
fn tests_only(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("#[cfg(test)]\n").skip(1);
    after.filter_map(|rest| {
        let line = rest.lines().next()?.trim();
        let name = line.split("mod ").nth(1)?;
        name.strip_suffix(';')
    })
}

/// The part of a file that is not its tests, without comments.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of the paths that begin with `root::` in `code`, of each path in braces too.
fn names<'a>(code: &'a str, root: &str) -> Vec<&'a str> {
    let name = |text: &'a str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        &text[..end.unwrap_or(text.len())]
    };
    let mut found = Vec::new();
    for (index, _) in code.match_indices(&format!("{root}::")) {
        let whole = !code[..index].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let rest = &code[index + root.len() + 2..];
        if !whole {
            continue;
        }
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (at, letter) in group.char_indices() {
                match letter {
                    '{' => depth += 1,
                    ',' | '}' if depth == 0 => {
                        found.push(name(&group[start..at]));
                        start = at + 1;
                        if letter == '}' {
                            break;
                        }
                    }
                    '}' => depth -= 1,
                    _ => {}
                }
            }
        } else {
            found.push(name(rest));
        }
    }
    found
}

/// Which folder each name at the root of the library comes from.
fn exports(library: &str) -> BTreeMap<String, &'static str> {
    let mut homes = BTreeMap::new();
    let code = code(library);
    for statement in code.split(';').filter_map(|it| it.split("pub use ").nth(1)) {
        let Some((home, _)) = statement.split_once("::") else {
            continue;
        };
        let Some(home) = ORDER.into_iter().find(|folder| *folder == home) else {
            continue;
        };
        let words = statement.split(|c: char| !c.is_alphanumeric() && c != '_');
        homes.extend(words.skip(1).map(|word| (word.to_owned(), home)));
    }
    homes
}

/// Who uses whom, in rows of `ORDER`.
fn arrows() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = fs::read_to_string(root.join("lib.rs")).expect("the library");
    let homes = exports(&library);
    let mut arrows = BTreeMap::new();
    for folder in ORDER {
        let files = sources(&root.join(folder));
        let texts = files
            .iter()
            .map(|path| (path, fs::read_to_string(path).expect("a text")));
        let texts: Vec<_> = texts.collect();
        let hidden: BTreeSet<&str> = texts
            .iter()
            .flat_map(|(_, text)| tests_only(text))
            .collect();
        let used: &mut BTreeSet<_> = arrows.entry(folder).or_default();
        for (path, text) in &texts {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if hidden.contains(&*stem) {
                continue;
            }
            let prefix = if folder == "bin" { "sirenc" } else { "crate" };
            let code = code(text);
            // As many steps up as the module lies deep lead to the root too.
            let inside = path.strip_prefix(&root).expect("a file below the root");
            let depth = inside.components().count() - usize::from(stem == "mod");
            let up = vec!["super"; depth].join("::");
            let mut used_names = names(&code, prefix);
            used_names.extend(names(&code, &up));
            for name in used_names {
                let home = ORDER.into_iter().find(|folder| *folder == name);
                let home = home.or_else(|| homes.get(name).copied());
                used.extend(home.filter(|home| *home != folder));
            }
        }
    }
    arrows
}

#[test]
fn folders_use_only_those_below_them() {
    for (folder, used) in arrows() {
        let level = |name: &str| ORDER.iter().position(|folder| *folder == name);
        for other in used {
            assert!(
                level(other) < level(folder),
                "src/{folder} uses src/{other}, which lies above it"
            );
        }
    }
}

#[test]
fn the_table_of_contributing_is_that_of_the_sources() {
    let arrows = arrows();
    let mut table = String::from("| folder | uses |\n|---|---|\n");
    for folder in ORDER {
        let used: Vec<&str> = ORDER
            .into_iter()
            .filter(|it| arrows[folder].contains(it))
            .collect();
        let used = if used.is_empty() {
            "-".to_owned()
        } else {
            used.join(", ")
        };
        table += &format!("| `src/{folder}` | {used} |\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md");
    let text = fs::read_to_string(path).expect("CONTRIBUTING.md");
    assert!(
        text.contains(&table),
        "CONTRIBUTING.md should have this table:\n\n{table}"
    );
}

/// No file is so long that it holds a second idea.
#[test]
fn no_source_file_is_longer_than_twenty_kilobytes() {
    /// The f64 oracle of jets and adjoints is one long derivation, and is read as one.
    const LONGER: [&str; 1] = ["oracle.rs"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "format/src"] {
        for path in sources(&root.join(folder)) {
            let length = fs::metadata(&path).expect("a file").len();
            let excused = LONGER.iter().any(|name| path.ends_with(name));
            assert!(
                excused || length <= 20_000,
                "{}: {length} bytes",
                path.display()
            );
        }
    }
}

/// The name of the function that begins in a line.
fn function(line: &str) -> Option<&str> {
    const BEFORE: [&str; 5] = ["pub", "const", "async", "unsafe", "extern"];
    let (before, after) = line.split_once("fn ")?;
    let words = before.split_whitespace();
    let mut plain = words.map(|word| BEFORE.iter().any(|it| word.starts_with(it)));
    let name = after.split(['(', '<']).next()?;
    plain.all(|plain| plain).then_some(name)
}

/// The functions of a file that rustfmt has laid out, with the number of lines of each.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        // A function without a body ends before it has begun.
        let signature = lines[index..]
            .iter()
            .find(|line| line.ends_with([';', '{', '}']));
        if !signature.is_some_and(|line| line.ends_with('{')) {
            continue;
        }
        let end = format!("{indent}}}");
        let length = lines[index..].iter().position(|line| *line == end);
        found.push((name, length.map_or(1, |length| length + 1)));
    }
    found
}

/// No function is so long that it does two things.
#[test]
fn no_function_is_longer_than_eighty_lines() {
    /// The plain SOAP that the GPU's is compared with is written out from its first line to its last, as in the paper.
    const LONGER: [&str; 1] = ["every_step_is_that_of_the_plain_algorithm"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for folder in ["src", "format/src"] {
        for path in sources(&root.join(folder)) {
            let text = fs::read_to_string(&path).expect("a text");
            for (name, lines) in functions(&text) {
                count += 1;
                assert!(
                    lines <= 80 || LONGER.contains(&name),
                    "{}: {name} has {lines} lines",
                    path.display()
                );
            }
        }
    }
    assert!(count > 1000, "{count} functions");
}
