//! Rules on items: imports, secrets in records, keys, where tests stand.

use std::path::Path;

use anyhow::Context;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::{Finding, is_test};

/// Words in a field's name that stand for a secret.
const SECRETS: &[&str] = &["password", "secret", "token"];

/// Checks one file.
pub fn check(root: &Path, path: &Path, source: &str) -> anyhow::Result<Vec<Finding>> {
    let file = syn::parse_file(source).with_context(|| path.display().to_string())?;
    let place = path.strip_prefix(root).unwrap_or(path);
    let name = place.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let in_house = place.starts_with("services") && place.iter().any(|part| part == "src");
    let mut visitor = Visitor {
        path,
        is_model: in_house && name == "model.rs",
        makes_no_keys: in_house && name != "keys.rs",
        // A module's own file hands out what is below it.
        may_reexport: matches!(name, "lib.rs" | "mod.rs" | "main.rs") || is_test(path),
        in_test: is_test(path),
        findings: Vec::new(),
    };
    visitor.visit_file(&file);
    visitor.order(&file);
    Ok(visitor.findings)
}

struct Visitor<'a> {
    path: &'a Path,
    is_model: bool,
    makes_no_keys: bool,
    may_reexport: bool,
    in_test: bool,
    findings: Vec<Finding>,
}

impl Visitor<'_> {
    fn find(&mut self, at: &impl Spanned, text: impl Into<String>) {
        self.findings.push(Finding { path: self.path.to_owned(), line: at.span().start().line, text: text.into() });
    }

    /// Tests stand last.
    fn order(&mut self, file: &syn::File) {
        let is_tests = |item: &syn::Item| matches!(item, syn::Item::Mod(item) if is_test_module(item));
        if let Some(at) = file.items.iter().position(is_tests)
            && let Some(behind) = file.items.get(at + 1).filter(|item| !is_tests(item))
            && matches!(file.items.get(at), Some(syn::Item::Mod(item)) if item.content.is_some())
        {
            self.find(behind, "tests stand last");
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let before = self.in_test;
        self.in_test |= is_test_module(item);
        visit::visit_item_mod(self, item);
        self.in_test = before;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        if is_public && !self.may_reexport {
            self.find(item, "what a crate hands out again stands in lib.rs");
        }
        if has_glob(&item.tree, &[], self.in_test) {
            self.find(item, "imports name what they import");
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let names_secret = SECRETS.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
        if self.is_model && !self.in_test && names_secret && holds_bare_text(&field.ty) {
            self.find(field, format!("{name}: a secret is a base::Secret"));
        }
        visit::visit_field(self, field);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let is_key = matches!(&*call.func, syn::Expr::Path(path) if makes_key(&path.path));
        if is_key && self.makes_no_keys && !self.in_test && !call.args.iter().all(was_key) {
            self.find(call, "keys are built in keys.rs");
        }
        visit::visit_expr_call(self, call);
    }
}

fn makes_key(path: &syn::Path) -> bool {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.as_slice() {
        [.., kind, make] => kind == "Key" && ["new", "from", "from_static"].contains(&make.as_str()),
        _ => false,
    }
}

/// Whether the bytes may have been a key before (of a cursor, of a timer), or come from keys.rs.
fn was_key(bytes: &syn::Expr) -> bool {
    match bytes {
        syn::Expr::Path(_) | syn::Expr::Field(_) => true,
        syn::Expr::MethodCall(call) => call.method == "clone" && was_key(&call.receiver),
        syn::Expr::Call(call) => {
            matches!(&*call.func, syn::Expr::Path(path) if path.path.segments.first().is_some_and(|s| s.ident == "keys"))
        }
        _ => false,
    }
}

/// Whether an import ends in `*`. Preludes are made for it; tests may take what is above them, and an enum's variants.
fn has_glob(tree: &syn::UseTree, above: &[String], in_test: bool) -> bool {
    match tree {
        syn::UseTree::Path(path) => has_glob(&path.tree, &[above, &[path.ident.to_string()]].concat(), in_test),
        syn::UseTree::Group(group) => group.items.iter().any(|tree| has_glob(tree, above, in_test)),
        syn::UseTree::Glob(_) => {
            let last = above.last().map_or("", String::as_str);
            let is_enum = last.starts_with(char::is_uppercase);
            let is_above = above.iter().all(|name| name == "super");
            last != "prelude" && !(in_test && (is_enum || is_above))
        }
        _ => false,
    }
}

fn is_test_module(item: &syn::ItemMod) -> bool {
    item.attrs.iter().any(|attribute| {
        let mut is_test = false;
        if attribute.path().is_ident("cfg") {
            let _ = attribute.parse_nested_meta(|meta| {
                is_test |= meta.path.is_ident("test");
                Ok(())
            });
        }
        is_test
    })
}

/// Whether the type is text that anyone can print: `String`, or an option or a list of it.
fn holds_bare_text(ty: &syn::Type) -> bool {
    let syn::Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        syn::PathArguments::None => last.ident == "String",
        syn::PathArguments::AngleBracketed(inner) if last.ident != "Secret" => {
            inner.args.iter().any(|argument| matches!(argument, syn::GenericArgument::Type(ty) if holds_bare_text(ty)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, source: &str, expected: &[&str]) {
        let root = Path::new("/root");
        let found = super::check(root, &root.join(place), source).unwrap();
        assert_eq!(found.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>(), expected, "{source}");
    }

    #[test]
    fn imports_are_named() {
        check("core/kv/src/a.rs", "use crate::tx::*;", &["imports name what they import"]);
        check("core/kv/src/a.rs", "use wire::prelude::*;", &[]);
        check("core/kv/src/a.rs", "#[cfg(test)] mod tests { use super::{super::*, a}; use Kind::*; }", &[]);
        check("core/kv/src/a.rs", "pub use crate::tx::Tx;", &["what a crate hands out again stands in lib.rs"]);
        check("core/kv/src/lib.rs", "pub use tx::Tx;", &[]);
    }

    #[test]
    fn records_hold_no_bare_secrets() {
        let place = "services/iam/src/model.rs";
        check(place, "struct Key { secret: String }", &["secret: a secret is a base::Secret"]);
        check(place, "struct Key { session_token: Option<String> }", &["session_token: a secret is a base::Secret"]);
        check(place, "struct Key { secret: Secret<String>, token_count: String }", &[]);
        check("services/iam/src/store.rs", "struct Key { secret: String }", &[]);
    }

    #[test]
    fn keys_have_one_place() {
        check("services/s3/src/store.rs", "fn f() { kv::Key::new(format!(\"{a}\")); }", &["keys are built in keys.rs"]);
        check("services/s3/src/store.rs", "fn f() { Key::from(after); Key::new(keys::all(scope)); }", &[]);
        check("services/s3/src/keys.rs", "fn f() { Key::from(format!(\"{a}\")); }", &[]);
    }

    #[test]
    fn tests_stand_last() {
        check("core/kv/src/a.rs", "#[cfg(test)] mod tests {} fn f() {}", &["tests stand last"]);
        check("core/kv/src/a.rs", "#[cfg(test)] mod tests; fn f() {}", &[]);
    }
}
