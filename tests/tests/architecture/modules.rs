//! No cycles between the modules of a crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, File, Item, ItemMod, ItemUse, UseTree, VisRestricted, Visibility,
    visit::{self, Visit},
};
use tessera_tests::workspace_root;

/// The path of a module inside its crate; empty for the root.
type Module = Vec<String>;

/// The references of a file, as paths from the root of the crate.
#[derive(Default)]
struct Source {
    references: BTreeSet<Vec<String>>,
    /// The re-exports of the file, by name.
    exports: BTreeMap<String, Vec<String>>,
}

/// Collects the references of one file. Inline modules count as part of the file.
struct Collector<'a> {
    module: &'a [String],
    /// The modules that the file declares.
    children: &'a [String],
    source: Source,
}

impl Collector<'_> {
    /// The path from the root of the crate, if the path is inside the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.to_vec(),
            first if self.children.iter().any(|child| child == first) => self.module.to_vec(),
            _ => return None,
        };
        let mut rest = path;
        while let Some((first, tail)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(base.pop()),
                "self" | "crate" => {}
                _ => break,
            }
            rest = tail;
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn uses(&mut self, prefix: &[String], tree: &UseTree, exported: bool) {
        let with = |name: String| prefix.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.uses(&with(path.ident.to_string()), &path.tree, exported),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.uses(prefix, tree, exported)),
            UseTree::Name(name) => self.used(&with(name.ident.to_string()), &name.ident.to_string(), exported),
            UseTree::Rename(name) => self.used(&with(name.ident.to_string()), &name.rename.to_string(), exported),
            UseTree::Glob(_) => self.used(prefix, "*", exported),
        }
    }

    fn used(&mut self, path: &[String], name: &str, exported: bool) {
        let Some(path) = self.absolute(path) else { return };
        if exported {
            self.source.exports.insert(name.to_owned(), path);
        } else {
            self.source.references.insert(path);
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    })
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.uses(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    /// `pub(super)` is not a reference.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.source.references.extend(self.absolute(&segments));
        visit::visit_path(self, path);
    }
}

fn read(file: &Path, module: &[String]) -> (Source, Vec<String>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed: File = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let children = parsed.items.iter().filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() && !is_test(&item.attrs) => Some(item.ident.to_string()),
        _ => None,
    });
    let children: Vec<String> = children.collect();
    let mut collector = Collector { module, children: &children, source: Source::default() };
    collector.visit_file(&parsed);
    (collector.source, children)
}

/// Every module of a crate, starting at its root.
fn modules(root: &Path) -> BTreeMap<Module, Source> {
    let folder = root.parent().unwrap_or(root);
    let mut found = BTreeMap::new();
    let mut open = vec![(root.to_owned(), Module::new())];
    while let Some((file, module)) = open.pop() {
        let (source, children) = read(&file, &module);
        for child in children {
            let path = module.iter().chain([&child]).fold(folder.to_owned(), |path, part| path.join(part));
            open.push((path.with_extension("rs"), [module.as_slice(), &[child]].concat()));
        }
        found.insert(module, source);
    }
    found
}

/// The module that defines the target of a path: the longest prefix that is a module, after following re-exports.
fn target(modules: &BTreeMap<Module, Source>, path: &[String]) -> Module {
    let mut path = path.to_vec();
    // The length of a chain of re-exports is at most the number of modules.
    for _ in 0..modules.len() {
        let length = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length])).unwrap_or_default();
        let exports = &modules[&path[..length]].exports;
        let Some(exported) = path.get(length).and_then(|name| exports.get(name)) else {
            return path[..length].to_vec();
        };
        path = exported.iter().chain(&path[length + 1..]).cloned().collect();
    }
    panic!("re-exports in a circle: {path:?}")
}

/// Groups of modules that form a cycle.
fn cycles(modules: &BTreeMap<Module, Source>) -> Vec<String> {
    let edges: BTreeMap<&Module, BTreeSet<Module>> = modules
        .iter()
        .map(|(module, source)| {
            let targets = source.references.iter().map(|path| target(modules, path));
            (module, targets.filter(|target| target != module).collect())
        })
        .collect();
    let walk = |from: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = open.pop() {
            open.extend(edges[&module].iter().filter(|next| seen.insert((*next).clone())).cloned());
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> = modules.keys().map(|module| (module, walk(module))).collect();
    let tied = |one: &Module, other: &Module| reached[one].contains(other) && reached[other].contains(one);
    let mut groups = BTreeSet::new();
    for module in modules.keys().filter(|module| reached[*module].contains(*module)) {
        let group: Vec<String> =
            modules.keys().filter(|other| tied(module, other)).map(|other| name_of(other)).collect();
        groups.insert(group.join(", "));
    }
    groups.into_iter().collect()
}

fn name_of(module: &[String]) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

#[test]
fn no_module_imports_another_in_a_circle() {
    let crates = fs::read_dir(workspace_root().join("crates")).unwrap_or_else(|error| panic!("crates: {error}"));
    let roots = crates.flatten().flat_map(|entry| ["src/lib.rs", "src/main.rs"].map(|root| entry.path().join(root)));
    let mut found = Vec::new();
    let mut read = 0;
    for root in roots.filter(|root| root.exists()) {
        let modules = modules(&root);
        read += modules.len();
        found.extend(cycles(&modules).into_iter().map(|cycle| format!("{}: {cycle}", root.display())));
    }
    assert!(read > 200, "only {read} modules were found");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_circle_is_found_through_a_re_export() {
    let source = |references: &[&str], exports: &[(&str, &str)]| {
        let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
        Source {
            references: references.iter().map(|text| path(text)).collect(),
            exports: exports.iter().map(|(name, to)| ((*name).to_owned(), path(to))).collect(),
        }
    };
    let module = |name: &str| vec![name.to_owned()];
    let modules = BTreeMap::from([
        (Module::new(), source(&[], &[("Thing", "one::Thing")])),
        (module("one"), source(&["two::Other"], &[])),
        (module("two"), source(&["Thing"], &[])),
    ]);
    assert_eq!(cycles(&modules), ["one, two"]);
}
