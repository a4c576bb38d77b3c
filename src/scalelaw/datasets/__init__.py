"""Tables that come with scalelaw, each labelled with how it was made."""
