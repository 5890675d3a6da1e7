use super::{InsertError, MAX_PARAMETERS, Match, Router, Walk};

fn router(shapes: &[&str]) -> Router {
    let mut router = Router::default();
    for (id, shape) in shapes.iter().enumerate() {
        router.insert(shape, id as u32).unwrap();
    }
    router
}

/// The shape that wins, and the parameters cut out of the path.
fn find<'a>(shapes: &[&'a str], path: &'a str) -> Option<(&'a str, Vec<&'a str>)> {
    let mut offsets = [0; 2 * MAX_PARAMETERS];
    let Match { captured, id } = router(shapes).find(&mut Walk::default(), path.as_bytes(), &mut offsets)?;
    let shape = shapes[id as usize];
    assert_eq!(
        captured,
        2 * (shape.split('/').filter(|&segment| segment == ":").count() + usize::from(shape.ends_with("/*")))
    );
    let cut = |i: usize| &path[offsets[2 * i] as usize..offsets[2 * i + 1] as usize];
    Some((shape, (0..captured / 2).map(cut).collect()))
}

#[test]
fn literal_before_parameter_before_wildcard() {
    let shapes = ["/*", "/:", "/users"];
    assert_eq!(find(&shapes, "/users"), Some(("/users", vec![])));
    assert_eq!(find(&shapes, "/user"), Some(("/:", vec!["user"])));
    assert_eq!(find(&shapes, "/users/7"), Some(("/*", vec!["users/7"])));
    assert_eq!(find(&shapes, "/"), None);
}

#[test]
fn backtracks_from_a_literal_that_leads_nowhere() {
    let shapes = ["/a/b/c", "/a/:/d", "/:/b/e"];
    assert_eq!(find(&shapes, "/a/b/d"), Some(("/a/:/d", vec!["b"])));
    assert_eq!(find(&shapes, "/a/b/e"), Some(("/:/b/e", vec!["a"])));
    assert_eq!(find(&shapes, "/a/b/f"), None);
}

#[test]
fn exact_beats_wildcard_even_through_parameters() {
    assert_eq!(find(&["/a/b/*", "/:/:/:"], "/a/b/c"), Some(("/:/:/:", vec!["a", "b", "c"])));
}

#[test]
fn deepest_wildcard_wins_and_keeps_its_own_offsets() {
    let shapes = ["/a/*", "/:/:/*", "/:/b/c"];
    assert_eq!(find(&shapes, "/a/b/d"), Some(("/:/:/*", vec!["a", "b", "d"])));
    assert_eq!(find(&shapes, "/a/b"), Some(("/a/*", vec!["b"])));
}

#[test]
fn one_place_takes_a_parameter_and_a_wildcard() {
    assert_eq!(find(&["/f/:", "/f/*"], "/f/x"), Some(("/f/:", vec!["x"])));
    assert_eq!(find(&["/f/:", "/f/*"], "/f/x/"), Some(("/f/*", vec!["x/"])));
}

#[test]
fn empty_segments_are_literal() {
    assert_eq!(find(&["//a//", "/:/a"], "//a//"), Some(("//a//", vec![])));
    assert_eq!(find(&["//a//", "/:/a"], "//a"), None);
    assert_eq!(find(&["/*"], "//"), Some(("/*", vec!["/"])));
}

#[test]
fn path_without_a_leading_slash_matches_nothing() {
    assert_eq!(find(&["/*", "/"], ""), None);
    assert_eq!(find(&["/*", "/"], "*"), None);
}

#[test]
fn insertion_errors_name_the_shape() {
    let mut router = router(&["/a/:", "/a/*"]);
    for shape in ["/a/:", "/a/*"] {
        assert_eq!(router.insert(shape, 9), Err(InsertError::Duplicate { shape: shape.into() }));
    }
    assert_eq!(router.insert("a", 9), Err(InsertError::Relative { shape: "a".into() }));
    assert_eq!(router.insert("/é", 9), Err(InsertError::NotAscii { shape: "/é".into() }));
    let shape = "/:".repeat(MAX_PARAMETERS) + "/*";
    let error = router.insert(&shape, 9).unwrap_err();
    assert_eq!(error, InsertError::TooManyParameters { count: 33, shape: shape.clone() });
    assert_eq!(error.to_string(), format!("route shape {shape} has 33 parameters; the most is 32"));
}
