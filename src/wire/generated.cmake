# SPDX-License-Identifier: Apache-2.0
# One library a service, coffer_model_SERVICE, from AWS's service models; see README.md in this folder.
set(COFFER_GENERATOR ${CMAKE_SOURCE_DIR}/src/wire/generator)
file(GLOB COFFER_GENERATOR_SOURCES CONFIGURE_DEPENDS ${COFFER_GENERATOR}/*.py)

function(coffer_model service)
  set(wire ${CMAKE_SOURCE_DIR}/src/wire)
  set(out ${CMAKE_BINARY_DIR}/generated/${service})
  add_custom_command(
    OUTPUT ${out}/model.h ${out}/model.cc ${out}/tables.cc
    # Debian's own Python: another one on PATH may carry another botocore.
    COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 ${COFFER_GENERATOR}/generate.py
            ${service} --operations ${wire}/operations/${service}.txt --overlay ${wire}/overlay/${service}.json
            --output ${out} --depfile ${out}.d
    DEPENDS ${COFFER_GENERATOR_SOURCES} ${wire}/operations/${service}.txt ${wire}/overlay/${service}.json
    DEPFILE ${out}.d
    COMMENT "Generating the API of ${service}"
    VERBATIM)
  add_library(coffer_model_${service} STATIC ${out}/model.cc ${out}/tables.cc ${out}/model.h)
  target_precompile_headers(coffer_model_${service} REUSE_FROM coffer_base)
  target_include_directories(coffer_model_${service} PUBLIC ${CMAKE_BINARY_DIR})
  target_link_libraries(coffer_model_${service} PUBLIC coffer_wire)
endfunction()

coffer_model(kms)
coffer_model(ec2)
coffer_model(ebs)
coffer_model(iam)
coffer_model(organizations)
coffer_model(sts)
